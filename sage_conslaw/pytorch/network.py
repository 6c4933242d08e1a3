r"""
``networks.from_torch``: a module of PyTorch as a network.
"""
import numpy as np

from ..graph.network import LOSSES, Network
from ..graph.tensor import Tensor
from ..runtime.errors import InputError, InputTypeError
from .exported import checked_model, exported
from .live import living
from .reader import Reader
from .refusals import Refused
from .table import OPERATORS
from .values import Loss

# Which output of a model with several is trained, in this order; else the first.
_OUTPUTS = ("loss", "logits", "last_hidden_state", "prediction_logits", "start_logits")


class TorchNetwork(Network):
    r"""
    A network that was read from a module: its parameters have the module's names.

    - ``notes`` -- what the reading took as it is in the example; ``ties`` -- the other names of tied weights; ``loss``
      -- the loss that is meant if none is named

    EXAMPLES::

        sage: import torch                                                      # optional - torch
        sage: from sage_conslaw import networks
        sage: net = networks.from_torch(torch.nn.Linear(2r, 1r), torch.zeros(1r, 2r)); net      # optional - torch
        Linear with 3 parameters
        sage: list(net.parameters.items())                                      # optional - torch
        [('weight', (1, 2)), ('bias', (1,))]

    Names that are no names of variables are written with ``_`` in polynomials::

        sage: model = torch.nn.Sequential(torch.nn.Linear(2r, 1r, bias=False))  # optional - torch
        sage: net = networks.from_torch(model, torch.zeros(1r, 2r))             # optional - torch
        sage: net.parameters, net.shown_names()                                 # optional - torch
        ({'0.weight': (1, 2)}, {'p0_weight': '0.weight'})
    """

    def __init__(self, title, output, leaves, names, ties, notes, loss):
        super().__init__("custom", (), output, parameters=leaves)
        self.title, self._names, self.ties, self.notes, self.loss = title, dict(names), dict(ties), tuple(notes), loss

    @property
    def parameters(self):
        r"""
        The module's names and the shapes of the trained arrays; entries in polynomials have ``_`` for what is not a
        letter or a digit.
        """
        shapes = {leaf.name: leaf.shape for leaf in self._leaves}
        return {name: shapes[word] for name, word in self._names.items()}

    def shown_names(self):
        """Return how the trained arrays are called where people read: their names in the module."""
        return {word: name for name, word in self._names.items()}

    def __repr__(self):
        plain = self.shown_names()
        words = (
            ""
            if not self.unused
            else f"; {', '.join(plain[word] for word in self.unused)} unused: each entry is a law by itself"
        )
        return f"{self.title} with {self.dimension} parameters{words}"


def from_torch(model, example_inputs, kwargs=None, loss=None, allow_cut=(), batch=None):
    r"""
    Return a module of PyTorch as a network like any other: its laws come in the module's names.

    INPUT:

    - ``model`` -- a ``torch.nn.Module``, in the mode in which it is trained (``model.train()`` or ``model.eval()``); on
      the meta device too

    - ``example_inputs`` -- a tensor or a tuple of tensors, as ``model(*example_inputs)`` takes them; only shapes
      matter, but for masks, positions and labels

    - ``kwargs`` -- a dictionary of further inputs

    - ``loss`` -- ``"cross-entropy"`` (classes along the last axis; with weights or smoothed labels too),
      ``"cross-entropy along axis 1"`` (images), ``"next-token"`` (cross-entropy at all positions but the last),
      ``"least-squares"`` (any loss that pulls at outputs one by one, logistic too), or a loss of PyTorch, module or
      function; by default the loss that the model itself returns, else least squares

    - ``allow_cut`` -- names of operations or of modules that may be cut: their values and slopes are then taken as
      arbitrary

    - ``batch`` -- how many samples of the example are read (default: one where samples do not touch each other, all
      otherwise)

    OUTPUT: a network; its ``notes`` say what was taken from the example.

    Tied weights are one array; ``requires_grad=False`` is a constant; whole numbers that select rows of a table are
    one-hot data; batch normalisation in training couples the samples of the example; an eps above zero breaks laws of
    scale, and is kept as it is.

    EXAMPLES::

        sage: import torch                                                      # optional - torch
        sage: from sage_conslaw import conservation_laws, networks
        sage: model = torch.nn.Sequential(torch.nn.Linear(3r, 4r), torch.nn.GELU(),  # optional - torch
        ....:     torch.nn.Linear(4r, 2r))
        sage: net = networks.from_torch(model, torch.zeros(1r, 3r),  # optional - torch
        ....:     loss="cross-entropy")
        sage: conservation_laws(net, seed=0).matrix_laws()                      # optional - torch
        [1^T 2.weight (4 laws), sum(2.bias) (1 law)]

    What is not understood is refused, with the place::

        sage: networks.from_torch(torch.nn.Softmax2d(), torch.zeros(1r, 2r, 2r, 2r))             # optional - torch
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: the model Softmax2d has no parameters that are trained; requires_grad must be True for
        some
    """
    checked_model(model)
    arguments, keywords = _inputs(example_inputs, kwargs)
    if not any(parameter.requires_grad for parameter in model.parameters()):
        raise InputError(
            f"the model {type(model).__name__} has no parameters that are trained; requires_grad must be True for some"
        )
    arguments, keywords = _fewer_samples(model, arguments, keywords, batch)
    program = exported(model, arguments, keywords)
    reader = Reader(program, OPERATORS, [allow_cut] if isinstance(allow_cut, str) else allow_cut)
    output, own = _output(reader, program, model)
    loss, output = _loss(loss, own, output)
    output, whole = living(output)
    if not whole:
        reader.note(
            "the network is too large to look for single entries that no loss reads: ranges of axes are taken to be "
            "read as wholes"
        )
    return TorchNetwork(
        type(model).__name__, output, program.parameters, program.names, program.ties, reader.notes, loss
    )


def _inputs(example_inputs, kwargs):
    import torch
    keywords = {} if kwargs is None else kwargs
    if not isinstance(keywords, dict):
        raise InputTypeError(f"kwargs {str(keywords)[:60]} is no dictionary of inputs")
    if isinstance(example_inputs, dict) or hasattr(example_inputs, "keys"):
        return (), {**example_inputs, **keywords}
    arguments = tuple(example_inputs) if isinstance(example_inputs, (list, tuple)) else (example_inputs,)
    if not any(isinstance(part, torch.Tensor) for part in torch.utils._pytree.tree_leaves((arguments, keywords))):
        raise InputTypeError(
            "the example inputs are no tensors; give what model(*example_inputs) takes, e.g. torch.zeros(1, 3)"
        )
    return arguments, keywords


def _output(reader, program, model):
    """Return the output that is trained, and the loss that the model computes, if it does."""
    structure = program.structure
    place = 0
    if hasattr(structure, "keys"):
        place = next(
            (structure[name] for name in _OUTPUTS if name in structure and isinstance(structure[name], int)), 0
        )
        name = next((name for name in structure if structure[name] == place), "")
        if len(program.outputs) > 1 and name != "loss":
            reader.note(f"the output that is trained is {name}")
    elif len(program.outputs) > 1:
        # A tuple has no names: one loss among its entries is what is trained, two are a choice that is not made here.
        losses = [i for i, value in enumerate(reader.outputs) if isinstance(value, Loss)]
        place = losses[0] if len(losses) == 1 else 0
        if not losses:
            reader.note(f"the output that is trained is the first of {len(program.outputs)}")
    value = reader.outputs[place]
    if isinstance(value, Loss):
        return value.output, value.kind
    try:
        output = reader.tensor(value)
    except Refused as reason:
        raise InputError(f"the output of {type(model).__name__} cannot be read: {reason}") from None
    if not isinstance(output, Tensor) or not _trained(output, program):
        raise InputError(f"the output of {type(model).__name__} depends on no parameter that is trained")
    return output, None


def _trained(output, program):
    nodes = output.ancestors(through_data=True)
    return any(leaf in nodes for leaf in program.parameters)


# Names of losses, and the losses of PyTorch, modules and functions, by the covectors that they give.
_ALONG_CHANNELS = "cross-entropy along axis 1"
_NAMES = (*LOSSES, "next-token", _ALONG_CHANNELS)
_ANY_COVECTOR = frozenset(
    "MSELoss L1Loss SmoothL1Loss HuberLoss BCELoss BCEWithLogitsLoss NLLLoss KLDivLoss PoissonNLLLoss SoftMarginLoss "
    "MultiLabelSoftMarginLoss HingeEmbeddingLoss "
    "mse_loss l1_loss smooth_l1_loss huber_loss binary_cross_entropy binary_cross_entropy_with_logits nll_loss kl_div "
    "poisson_nll_loss soft_margin_loss multilabel_soft_margin_loss hinge_embedding_loss".split()
)
# Functions of the differences of the scores of classes along the last axis: the covectors are those of cross-entropy,
# sums of `e_i - e_y`.
_OF_DIFFERENCES = frozenset("MultiMarginLoss MultiLabelMarginLoss multi_margin_loss multilabel_margin_loss".split())


def _loss(loss, own, output):
    """Return the loss that is meant, and the outputs that have one."""
    loss = _named(loss, output)
    if own is not None:
        if loss is not None and loss != own:
            raise InputError(
                f"the model returns its own loss, {own}; leave out loss={loss!r}, or let it return the outputs"
            )
        return own, output
    if loss == "next-token":
        if len(output.shape) < 2 or output.shape[-2] < 2:
            raise InputError(
                f"the loss next-token needs outputs (..., positions, classes) with two positions or "
                f"more, not {output.shape}"
            )
        # The last position has no next token, and no loss.
        return "cross-entropy", output[..., :-1, :]
    if loss == _ALONG_CHANNELS:
        rank = len(output.shape)
        if rank < 2:
            raise InputError(f"{_ALONG_CHANNELS} needs outputs (samples, classes, ...), not {output.shape}")
        return "cross-entropy", output.transpose([0, *range(2, rank), 1])
    return loss, output


def _named(loss, output):
    """Return the name of a loss: of a name, of a loss module of PyTorch, or of one of its functions."""
    if loss is None or isinstance(loss, str) and loss in _NAMES:
        return loss
    known = getattr(loss, "__name__", type(loss).__name__)
    if known in ("CrossEntropyLoss", "cross_entropy"):
        # (samples, positions, classes) or (samples, classes, length): both are written for this loss, and have other
        # laws.
        if len(output.shape) == 3:
            raise InputError(
                f"outputs of shape {output.shape} under {known}: along which axis are the classes? give "
                f"loss='cross-entropy' for the last (a language model), loss={_ALONG_CHANNELS!r} for axis 1"
            )
        return "cross-entropy" if len(output.shape) < 3 else _ALONG_CHANNELS
    if known in _ANY_COVECTOR:
        return "least-squares"
    if known in _OF_DIFFERENCES:
        return "cross-entropy"
    names = ", ".join(map(repr, _NAMES))
    if callable(loss):
        raise InputError(
            f"the loss {known} is not known; choose {names}, a loss of PyTorch with outputs and targets, or let the "
            "model return the loss: it is then read with the rest"
        )
    raise InputError(f"loss {str(loss)[:60]!r} is not known; choose {names}")


# -- samples -------------------------------------------------------------------------------------

# On so many random parameters and inputs samples are looked at: units of a recurrent layer of width two are all dead in
# one of four draws, and no sample then sees another.  Layers of larger models are not dead as wholes.
_DRAWS, _LARGE = 4, 1_000_000


def _fewer_samples(model, arguments, keywords, batch):
    """Return the example with as few samples as decide: one, if the model treats them one by one."""
    import torch
    leaves = [part for part in torch.utils._pytree.tree_leaves((arguments, keywords)) if isinstance(part, torch.Tensor)]
    sizes = {part.shape[0] if part.dim() else 0 for part in leaves}
    # First axes that differ are no axis of samples: all is read as it is.
    if len(sizes) != 1 or min(sizes) < 2:
        if batch is not None and sizes != {batch}:
            raise InputError(
                f"batch {batch}: the example has not that many samples; the first axes of the inputs "
                f"have the sizes {sorted(sizes)}"
            )
        return arguments, keywords
    count = sizes.pop()
    if batch is not None and not (isinstance(batch, (int, np.integer)) and 1 <= batch <= count):
        raise InputError(f"batch {batch} is not between 1 and the {count} samples of the example")
    wanted = batch or (1 if _one_by_one(torch, model, arguments, keywords, count) else count)

    def part(value):
        return value[:wanted] if isinstance(value, torch.Tensor) else value
    return torch.utils._pytree.tree_map(part, (arguments, keywords))


def _one_by_one(torch, model, arguments, keywords, count):
    """Return whether each sample's output is that of the sample alone, by running the model on them; then one sample
    says all."""
    # It couples the samples by what it is; elsewhere the model itself is asked.
    if any(module.training and "BatchNorm" in type(module).__name__ for module in model.modules()):
        return False
    tensors = [*model.parameters(), *model.buffers()]
    # Nothing can be run there: all samples are read, which is slower and never wrong.
    if any(tensor.device.type == "meta" for tensor in tensors):
        return False
    modes = {module: module.training for module in model.modules()}
    try:
        # Dropout is no reason to read all samples; a module that asks for ``self.training`` itself may couple them in
        # training alone.
        for training in {False, model.training}:
            for module, mode in modes.items():
                module.training = mode and training and "Dropout" not in type(module).__name__
            for seed in range(_DRAWS if sum(tensor.numel() for tensor in tensors) < _LARGE else 1):
                if not _each_alone(torch, model, _distinct(torch, (arguments, keywords), seed), count, seed):
                    return False
    # A model that does not take one sample, or refuses what was drawn, is read with all of them.
    except (RuntimeError, ValueError, TypeError, IndexError):
        return False
    finally:
        for module, mode in modes.items():
            module.training = mode
    return True


def _distinct(torch, inputs, seed):
    """Return inputs whose samples differ: in an example of zeros, ``x - x.mean(0)`` is that of each sample alone."""
    generator = torch.Generator().manual_seed(seed)

    def drawn(value):
        if not isinstance(value, torch.Tensor) or value.dtype == torch.bool or not value.numel():
            return value
        if value.is_floating_point():
            return torch.randn(value.shape, generator=generator).to(value.dtype)
        if (value != value[:1]).any():
            return value
        # A number that is none of the table's is an error, and all samples are then read: slower, never wrong.
        return torch.randint(0, int(value.max()) + 2, value.shape, generator=generator).to(value.dtype)
    return torch.utils._pytree.tree_map(drawn, inputs)


def _each_alone(torch, model, inputs, count, seed):
    """Return whether the first three samples alone have the outputs that they have among all, at random parameters:
    those of the model may be zero."""
    generator = torch.Generator().manual_seed(seed)
    drawn = {name: 0.5 * torch.randn(part.shape, generator=generator).to(part.dtype)
             for name, part in model.named_parameters() if part.is_floating_point()}
    drawn.update({name: buffer.clone() for name, buffer in model.named_buffers()})

    def outputs(inputs):
        # The random numbers of the user go on as if nothing had been run.
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            return _tensors(torch, torch.func.functional_call(model, drawn, *inputs))
    whole = outputs(inputs)
    for i in range(min(count, 3)):
        alone = outputs(
            torch.utils._pytree.tree_map(lambda v: v[i : i + 1] if isinstance(v, torch.Tensor) else v, inputs)
        )
        if len(alone) != len(whole) or not all(_same_sample(torch, a, b, i) for a, b in zip(alone, whole)):
            return False
    return True


def _tensors(torch, output):
    return [part for part in torch.utils._pytree.tree_leaves(output) if isinstance(part, torch.Tensor)]


def _same_sample(torch, alone, whole, i):
    if not alone.dim() or not whole.dim() or alone.shape[0] != 1 or alone.shape[1:] != whole.shape[1:]:
        return False
    # Single precision sums in another order for another number of samples; a sample that sees others differs by the
    # size of the outputs, as parameters and inputs are drawn.
    return torch.allclose(alone[0], whole[i], rtol=1e-4, atol=1e-5)
