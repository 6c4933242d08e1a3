"""Small PyTorch models, and an oracle that shares nothing with the package: gradients by automatic differentiation in
double precision."""
import torch
from torch import nn
from torch.nn import functional as F

torch.set_num_threads(1)


class Does(nn.Module):
    """A module from a function of itself and its inputs."""

    def __init__(self, function, **parts):
        super().__init__()
        self.function = function
        for name, part in parts.items():
            setattr(self, name, part)

    def forward(self, *inputs):
        return self.function(self, *inputs)


def reals(*shapes):
    """A drawing of random inputs of these shapes."""
    return lambda generator: tuple(torch.randn(*shape, generator=generator, dtype=torch.float64) for shape in shapes)


class Attention(nn.Module):
    """Causal self-attention written out, with a mask of minus infinities."""

    def __init__(self, width=4, heads=2, bias=True):
        super().__init__()
        self.heads, self.qkv, self.out = (
            heads,
            nn.Linear(width, 3 * width, bias=bias),
            nn.Linear(width, width, bias=bias),
        )

    def forward(self, x):
        batch, tokens, width = x.shape
        q, k, v = (
            part.view(batch, tokens, self.heads, -1).transpose(1, 2) for part in self.qkv(x).split(width, dim=-1)
        )
        scores = q @ k.transpose(-2, -1) / (width // self.heads) ** 0.5
        scores = scores.masked_fill(torch.tril(torch.ones(tokens, tokens)) == 0, float("-inf"))
        return self.out((F.softmax(scores, dim=-1) @ v).transpose(1, 2).reshape(batch, tokens, width))


class Tied(nn.Module):
    """A language model with tied embeddings and a block of attention."""

    def __init__(self, vocabulary=5, width=4, positions=3):
        super().__init__()
        self.tokens, self.places = nn.Embedding(vocabulary, width), nn.Embedding(positions, width)
        self.norm, self.attention, self.final = nn.LayerNorm(width), Attention(width), nn.LayerNorm(width)
        self.head = nn.Linear(width, vocabulary, bias=False)
        self.head.weight = self.tokens.weight

    def forward(self, ids):
        x = self.tokens(ids) + self.places(torch.arange(ids.shape[1]))
        return self.head(self.final(x + self.attention(self.norm(x))))


class Lora(nn.Module):
    """A frozen dense layer with a trained correction of low rank."""

    def __init__(self, inputs=4, outputs=3, rank=2):
        super().__init__()
        self.base = nn.Linear(inputs, outputs)
        self.base.requires_grad_(False)
        self.A, self.B = nn.Parameter(torch.randn(rank, inputs)), nn.Parameter(torch.randn(outputs, rank))

    def forward(self, x):
        return self.base(x) + x @ self.A.T @ self.B.T


class Written(nn.Module):
    """GELU by tanh and RMS normalisation, both written out, and a layer used twice, with an operation in place."""

    def __init__(self, width=3):
        super().__init__()
        self.gain, self.up, self.down = (
            nn.Parameter(torch.ones(width)),
            nn.Linear(width, width),
            nn.Linear(width, width),
        )

    def forward(self, x):
        for _ in range(2):
            y = self.up(x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6) * self.gain)
            y = 0.5 * y * (1.0 + torch.tanh(0.7978845608 * (y + 0.044715 * torch.pow(y, 3.0))))
            x = x + self.down(y)
            x += 1
        return x


def convolutional(train=True):
    """Convolutions with batch normalisation and both kinds of pooling."""
    model = nn.Sequential(
        nn.Conv2d(1, 2, 3, padding=1, bias=False),
        nn.BatchNorm2d(2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(2, 3, 2),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(3, 2),
    )
    return model.train(train)


def gpt2(vocabulary=7, positions=4, width=4, layers=1, heads=2, **settings):
    """GPT-2 of transformers, tiny."""
    import transformers
    config = transformers.GPT2Config(
        vocab_size=vocabulary,
        n_positions=positions,
        n_embd=width,
        n_layer=layers,
        n_head=heads,
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
        bos_token_id=0,
        eos_token_id=0,
        use_cache=False,
        **settings,
    )
    return transformers.GPT2LMHeadModel(config)


def randomised(model, seed=0):
    """The model in double precision at random parameters, so that no gain is one and no bias zero; tied weights stay
    tied, and what is frozen stays as it is."""
    generator = torch.Generator().manual_seed(seed)
    model = model.double()
    with torch.no_grad():
        for parameter in filter(lambda parameter: parameter.requires_grad, model.parameters()):
            parameter.copy_(torch.randn(parameter.shape, generator=generator, dtype=torch.float64) * 0.6)
    return model


def logits(output):
    """The tensor that is trained, of whatever a model returns."""
    return output if isinstance(output, torch.Tensor) else output.logits if hasattr(output, "logits") else output[0]


def covector(shape, loss, generator):
    """A random covector that the loss can produce."""
    c = torch.randn(shape, generator=generator, dtype=torch.float64)
    return c - c.mean(-1, keepdim=True) if loss == "cross-entropy" else c


def largest_derivative(result, model, draw, loss=None, rounds=3, output=logits):
    """The largest derivative of a law along real gradients, relative to the sizes of both."""
    from sage_conslaw.notation.evaluation import LawValues
    laws, worst = LawValues(result), 0.0
    for seed in range(rounds):
        generator = torch.Generator().manual_seed(seed)
        model = randomised(model, seed)
        names = dict(model.named_parameters(remove_duplicate=False))
        values = output(model(*draw(generator)))
        used = [names[name] for name, _ in laws.shapes]
        gradients = torch.autograd.grad(values, used, covector(values.shape, loss, generator), allow_unused=True)
        gradient = torch.cat([(torch.zeros_like(p) if g is None else g).reshape(-1) for p, g in zip(used, gradients)])
        state = laws.state(model).clone().requires_grad_()
        for value in laws.values(state).values():
            entries = value.reshape(-1)
            (slopes,) = torch.autograd.grad(
                entries, state, torch.eye(len(entries), dtype=entries.dtype), retain_graph=True, is_grads_batched=True
            )
            along = (slopes @ gradient).abs() / (slopes.norm(dim=1) * gradient.norm() + 1e-12)
            worst = max(worst, float(along.max()))
    return worst
