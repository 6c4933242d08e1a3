"""
The Lie algebra of the real gradients of a module, by nested automatic differentiation: an oracle for numbers of laws.

Words are brackets of random gradients, at random parameters; ranks are numerical.  It proves nothing and nothing that
is proved rests on it: it shares no line with the package.
"""
from unittest.mock import patch

import torch
from torch.func import functional_call, grad, jvp, vmap
from torch.nn import functional
from torch_cases import covector, logits, randomised

# Singular values below this part of the largest are rounding: rows are unit vectors.
TOLERANCE = 1e-9

# A bracket that is smaller than this part of the product of its fields is rounding.
NOISE = 1e-8


def written_layer_norm(x, shape, weight=None, bias=None, eps=1e-5):
    """Layer normalisation written out: brackets of three fields through PyTorch's own are wrong by a fifth (2.13)."""
    axes = tuple(range(-len(shape), 0))
    z = x - x.mean(axes, keepdim=True)
    z = z * torch.rsqrt((z * z).mean(axes, keepdim=True) + eps)
    z = z if weight is None else z * weight
    return z if bias is None else z + bias


def field(model, names, shapes, output):
    """Return the gradient of a paired output as a function of all trained parameters in one vector."""
    sizes = [shape.numel() for shape in shapes]

    def paired(theta, inputs, c):
        parts = {name: part.view(shape) for name, part, shape in zip(names, theta.split(sizes), shapes)}
        return (output(functional_call(model, parts, inputs)) * c).sum()
    return grad(paired)


def word(gradient, letters):
    """Return the bracket of gradients at these inputs and covectors, as a function of the parameters."""
    first = lambda theta: gradient(theta, *letters[0])  # noqa: E731  (a field with its data)
    if len(letters) == 1:
        return first
    rest = word(gradient, letters[1:])
    return lambda theta: jvp(rest, (theta,), (first(theta),))[1] - jvp(first, (theta,), (rest(theta),))[1]


def rank(rows):
    """Return the numerical rank of rows, each of which counts by its direction."""
    lengths = rows.norm(dim=1)
    rows = rows[lengths > 1e-11] / lengths[lengths > 1e-11][:, None]
    return int((torch.linalg.svdvals(rows) > TOLERANCE).sum()) if len(rows) else 0


def number_of_laws(model, draw, loss=None, output=logits, seed=0, longest=4, together=True):
    """Return the number of parameters less the rank at a random point, and the ranks of words by length; ``draw`` gives
    inputs from a generator."""
    generator = torch.Generator().manual_seed(seed)
    model = randomised(model, seed)
    trained = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
    names, shapes = [name for name, _ in trained], [p.shape for _, p in trained]
    theta = torch.cat([p.detach().reshape(-1) for _, p in trained])
    gradient, shape = field(model, names, shapes, output), output(model(*draw(generator))).shape
    rows, ranks = [], []
    own = patch.object(functional, "layer_norm", written_layer_norm)
    # Models of transformers compute some steps in single precision, whatever their parameters are.
    double = patch.object(torch, "float32", torch.float64)
    with own, double, torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
        for length in range(1, longest + 1):
            words = [
                [(scaled(draw, generator), covector(shape, loss, generator)) for _ in range(length)]
                for _ in range(2 * len(theta) + 20)
            ]
            found = values(gradient, theta, words, together)
            rows += found if length == 1 else kept(found, gradient, theta, words, together)
            ranks.append(rank(torch.stack(rows)))
            if ranks[-1] == len(theta) or ranks[-2:] == [ranks[-1]] * 2:
                break
    return len(theta) - ranks[-1], ranks


def scaled(draw, generator):
    """Return inputs of several sizes, so that every piece of an activation is reached."""
    size = (0.3, 1.0, 3.0, 10.0)[int(torch.randint(0, 4, (), generator=generator))]
    return tuple(part * size if part.is_floating_point() else part for part in draw(generator))


def kept(found, gradient, theta, words, together):
    """Return the brackets that are more than the rounding of the fields that they are made of."""
    sizes = 1.0
    for letter in range(len(words[0])):
        alone = torch.stack(values(gradient, theta, [[letters[letter]] for letters in words], together))
        sizes = sizes * alone.norm(dim=1)
    return [row for row, size in zip(found, sizes) if row.norm() > NOISE * size]


def values(gradient, theta, words, together):
    """Return the values of words at a point, all at once where the operations of the module allow it."""
    if not together:
        return [word(gradient, letters)(theta).detach() for letters in words]
    letters = torch.utils._pytree.tree_map(lambda *parts: torch.stack(parts), *words)
    return list(vmap(lambda *parts: word(gradient, parts)(theta))(*letters).detach())
