r"""
What replaces each nonlinearity in the exact readings: the graph of a network, rewritten.

A cut is a leaf of data that remembers its source, the tensor that it is a function of.  Two readings replace it.

- *Exact* where it can be.  A root mean square norm is `s |z|^2 z` with one free scalar `s` a group (:mod:`.powers`);
  layer and batch normalisation are the same on the centred input.  The outputs of a softmax sum to one: the last is one
  minus the others.  A function of parameters alone is no datum (:mod:`.parameter_functions`).  Everything else stays
  free data, with a free covector at its source.
- *Coarse*: outputs of normalisations are free data too, with covectors orthogonal to the source.  The fields span more,
  so the laws found there are laws of the exact reading; it is what is left at sizes where the exact one is too large.

Two examples of what the coarse reading forgets: `x W`, normalised without a gain, times `U` has the Noether laws
`W^T W' - W'^T W + U U'^T - U' U^T` of momentum flow, since the norm commutes with rotations; a softmax times `U` plus
`b` has `1^T U - b`, since the outputs sum to one.

EXAMPLES:

The trivial case is a gate, which is data.  The famous one is a cut: it is paired with a covector at its source, and a
norm is not, as its derivative is in the graph.  One that no model covers, a gate of parameters alone::

    sage: from sage_conslaw import networks
    sage: from sage_conslaw.graph.models import model_of
    sage: x, W, a = networks.input(2), networks.parameter("W", 2, 3), networks.parameter("a", 2)
    sage: [len(model_of(y).pairings) for y in ((x @ W).relu(), (x @ W).gelu(), (x @ W).rms_norm(), x * a.tanh())]
    [0, 1, 0, 0]
    sage: model_of(x * a.relu()).forgotten
    ('the gate relu of a depends on parameters alone: it is one of two numbers',)
"""
from dataclasses import dataclass

import numpy as np

from ..exact.arithmetic import ModularArithmetic
from ..exact.linear_algebra import rank
from ..exact.modular import random_array
from .activations import is_known, unscaled
from .cuts import covector, differences, has_one_entry
from .gains import loose_norms, users_of
from .operations import LETTERS, Add, Contract
from .operations.parameter_function import ParameterFunction
from .operations.power import Power
from .joining import contract
from .tensor import Constant, Data, Parameter, Tensor
from .tied import POWERS, tied, with_given_slope

NORMS = ("rms norm", "layer norm", "batch norm")

# With a constant below the root (:mod:`sage_conslaw.pytorch.norms`): no exact model has them, and in all of them their
# outputs are free data; but they commute with the same rotations.
WITH_EPS = ("rms norm with eps", "layer norm with eps")
SUM_TO_ONE = ("softmax", "masked softmax", "top softmax", "normalised sigmoid", "top normalised sigmoid")

# A prime and a seed to see whether arguments of functions are independent: a rank there proves it.
_PRIME, _SEED = (1 << 61) - 1, 0


@dataclass(frozen=True)
class Model:
    """A graph whose leaves are parameters, constants and free data."""

    # The output, rewritten, and pairs (source of a cut, the covector that it receives).
    output: Tensor
    pairings: tuple
    # For each pairing what its covector satisfies, one of `activations.CONSTRAINTS`, and a mask.
    constraints: tuple
    # The cuts that have a pairing, in their order.
    cuts: tuple
    # What the model leaves aside, in words; then no list of laws is called complete.
    forgotten: tuple
    # For each cut the free data that stand for it, for those that have any.
    replaced: dict
    # Whether no nonlinearity differs between the two readings.
    same: bool


def model_of(output, exact=True, eps=False):
    r"""
    Return the graph up to a tensor with every nonlinearity replaced.

    With ``eps`` normalisations have a constant below their root, whatever it is: `s z`, and the derivative has another
    free scalar along `z`.
    """
    new, carries, replaced, same = {}, {}, {}, True
    pairings, constraints, cuts, forgotten, arguments = [], [], [], [], []
    order, seen = output.ancestors(through_data=True), set()
    given = with_given_slope(order, name_of, SUM_TO_ONE)
    for node in order:
        source, name = node.source, name_of(node) if node.kind == "cut" and node.source is not None else None
        # Whether data reach it: what is made of parameters alone is a function of them, and no datum.
        carries[node] = isinstance(node, Data) and source is None or any(
            carries[child] for child in (source, *node.inputs) if child is not None)
        if node.operation is not None:
            if exact and not eps and _squares_a_norm(node):
                new[node] = _squared_norm(node.inputs[0], new[node.inputs[0].source])
            else:
                new[node] = node.with_inputs([new[child] for child in node.inputs])
            continue
        if source is None or node.kind == "gate":
            new[node] = node
            if source is not None and not carries[node]:
                forgotten.append(f"the gate {node.function.name} of {source.label()} depends on parameters alone: "
                                 f"it is one of two numbers")
            continue
        if name in SUM_TO_ONE and has_one_entry(node):
            # What sums to one in one entry is one, whatever the data: it carries none on.
            new[node], carries[node] = Constant(np.broadcast_to(np.int64(1), node.shape)), False
            continue
        known = None if carries[node] or not exact or name in NORMS else _of_parameters(node, name, new[source])
        same = same and carries[node] and name not in NORMS + SUM_TO_ONE and node not in given
        if known is not None:
            new[node] = known
            arguments.append((node, new[source]))
            continue
        # A slope that the value and the source give is not free: a power, and an exponential with a bias.
        if exact and node in given and name in (*POWERS, "exp"):
            new[node], constrained = tied(new[source], POWERS.get(name)), None
        else:
            new[node], constrained = _cut(node, name, new[source], exact, eps)
            if node in given:
                forgotten.append(f"the slope of {node.function.name} of {source.label()} is given by its value")
            if not carries[node] and name not in NORMS:
                forgotten.append(f"{node.function.name} of {source.label()} depends on parameters alone")
        # What is new in the graph and is no covector is what stands for the outputs.
        free = [leaf for leaf in new[node].ancestors() if isinstance(leaf, Data) and leaf.kind == "cut"]
        replaced.update({node: leaf for leaf in free if leaf is node or leaf not in seen})
        seen.update(free)
        if constrained is not None:
            pairings.append((new[source], constrained))
            cuts.append(node)
            constraints.append((node.function.constraint, node.mask))
    if exact:
        forgotten += [*_dependent(arguments), *loose_norms(order, WITH_EPS).values()]
        forgotten += _unreached(new[output], list(zip(cuts, pairings)), replaced)
    else:
        forgotten += _loose(order, carries)
    return Model(new[output], tuple(pairings), tuple(constraints), tuple(cuts), tuple(dict.fromkeys(forgotten)),
                 replaced, same)


def _at_random(nodes, batch):
    """Return a batch of values of nodes, inputs before results, where all that is free is drawn modulo a prime."""
    A, generator, values = ModularArithmetic(_PRIME), np.random.default_rng(_SEED), {}
    for node in nodes:
        if isinstance(node, Constant):
            values[node] = node.value(A)
        elif node.operation is None:
            values[node] = random_array(generator, (*batch, *node.shape), _PRIME)
        else:
            values[node] = node.operation.forward(A, *(values[child] for child in node.inputs))
    return values


def _unreached(output, paired, replaced):
    r"""
    Say in words at which cuts no covector arrives from the output: their sources do not move, and the model lets them.

    ``paired`` -- pairs of a cut and its pairing (source, covector)

    A softmax of one entry and a layer norm of two behind a GELU, or the sum of a softmax: with `y = J c` for the
    covector `c` of the outputs, the one at the source is zero for all data, not free.
    """
    # Sources before what reads their cuts, so that one pass backwards meets each cut before its source.
    roots = [root for _, pair in paired for root in pair] + [output]
    order = list(dict.fromkeys(node for root in roots for node in root.ancestors()))
    A, values, covectors, sources = ModularArithmetic(_PRIME), _at_random(order, (1,)), {}, {}

    def add(node, covector):
        covectors[node] = A.add(covectors[node], covector) if node in covectors else covector
    add(output, random_array(np.random.default_rng(_SEED + 1), (1, *output.shape), _PRIME))
    for cut, pair in paired:
        sources[replaced.get(cut)] = pair
    for node in reversed(order):
        # What is not zero at this point is not zero; what is zero here, but is not, only costs a claim.
        if node not in covectors or not np.any(covectors[node]):
            continue
        if node in sources:
            source, covector = sources.pop(node)
            add(source, values[covector])
        inputs = tuple(values[child] for child in node.inputs)
        for which, child in enumerate(node.inputs):
            add(child, node.operation.backward(A, which, covectors[node], inputs))
    return [f"no gradient reaches {cut.function.name} of {cut.source.label()}"
            for cut, _ in paired if replaced.get(cut) in sources]


def _loose(order, carries):
    """Say in words where the coarse reading is known to span more than the network does."""
    # With the gains that :mod:`.gains` asks for the counts of both readings agreed at all sizes tried
    # (`tests/graph/test_models.py`); else they differ.
    users, said = users_of(order), [*loose_norms(order, NORMS + WITH_EPS).values()]
    for leaf in order:
        name = name_of(leaf) if leaf.kind == "cut" else None
        # Two centred entries are 1 and -1, whatever they were.
        if name in NORMS and (leaf.shape or (1,))[-1] - (name != "rms norm") < 2:
            said.append(f"the outputs of {name} of {leaf.source.label()} have two values")
        # Then `<y, c> = 0` for its outputs `y` and their covector `c`, the term along `y` in the derivative of the norm
        # vanishes, and `|W_j|^2 - g_j^2` is conserved for each unit.
        if name in NORMS and is_scaled_away(leaf, order):
            said.append(f"scaling the outputs of {name} of {leaf.source.label()} changes nothing")
        # Free data forget the sum; data that multiply it forget it too.
        if name in SUM_TO_ONE and any(
                not carries[other] for child, user in _readers(leaf, users) if type(user.operation) is Contract
                for other in user.inputs if other is not child and not isinstance(other, Constant)):
            said.append(f"the outputs of {name} sum to one, and parameters multiply them")
    return said


def is_scaled_away(leaf, order):
    """Say whether the output stays as it is when the outputs of a norm are scaled: its degree in them is zero, and they
    reach it."""
    # Degrees under `y -> t y` with `t > 0`; ``None`` where there is none.
    degrees, reached = {}, {leaf}
    for node in order:
        children = [child for child in (node.source, *node.inputs) if child is not None]
        if node is leaf or not reached.intersection(children):
            degrees[node] = int(node is leaf)
            continue
        reached.add(node)
        here = [degrees[child] for child in children]
        if node.operation is None:
            # Gates and norms have degree zero; other nonlinearities of anything that is scaled have no degree.
            scaled = node.kind == "gate" or name_of(node) in NORMS
            degrees[node] = 0 if None not in here and (scaled or not any(here)) else None
        elif None in here or isinstance(node.operation, Add) and len(set(here)) > 1:
            degrees[node] = None
        elif isinstance(node.operation, Power):
            degrees[node] = here[0] * node.operation.exponent
        else:
            degrees[node] = sum(here) if isinstance(node.operation, Contract) else here[0]
    return order[-1] in reached and degrees[order[-1]] == 0


def _readers(leaf, users):
    """Return what reads a node, through rearrangements: pairs of the input and the reader."""
    found = []
    for user in users.get(leaf, ()):
        found += _readers(user, users) if len(user.inputs) == 1 else [(leaf, user)]
    return found


def name_of(leaf):
    """Return the name of a cut's function, ``None`` if it is the user's own; a softmax with a mask may have scaled
    scores."""
    if leaf.mask is not None:
        return "masked softmax"
    # A softmax of a multiple of the scores has outputs of sum one too.
    function = unscaled(leaf.function)
    return function.name if is_known(function) else None


def _cut(leaf, name, source, exact, eps):
    """Return what replaces a cut, and the covector at its source or ``None``."""
    if name in NORMS:
        if exact:
            return _norm(source, centred=name != "rms norm", eps=eps), None
        return _outputs_of_norm(leaf, source), covector(leaf, source)
    if name in SUM_TO_ONE and exact:
        return _sum_to_one(leaf), covector(leaf, source)
    return leaf, covector(leaf, source)


def _norm(z, centred, eps=False):
    """Return `s |z|^2 z` along the last axis, on request of the centred input; a common factor goes into `s`."""
    z = _centred(z) if centred else z
    letters, lead, square = _squares(z)
    scale = Data("scale", square.shape, "cut")
    if eps:
        # The value is `s z`, and it moves by `s dz + t (d|z|^2) z`: a second power minus the first has the value zero
        # and moves as much as the first.
        still = Tensor(Power("2"), (square,), "{0}") + square.scaled(-1, "-{0}")
        along = contract(f"{lead},{lead}->{lead}", Data("along", square.shape, "cut"), still)
        return contract(f"{lead},{letters}->{letters}", scale + along, z)
    root = Tensor(Power("-1/2"), (square,), "{0}")
    return contract(f"{lead},{letters}->{letters}", contract(f"{lead},{lead}->{lead}", scale, root), z)


def _centred(z):
    """Return the differences from the mean along the last axis, times their number, so that there are no fractions."""
    size = z.shape[-1]
    return z @ Constant(size * np.eye(size, dtype=np.int64) - 1)


def _squares(z):
    """Return the letters of the axes of a tensor, those but the last, and the sum of squares along the last."""
    letters = LETTERS[:len(z.shape)]
    return letters, letters[:-1], contract(f"{letters},{letters}->{letters[:-1]}", z, z)


def _squares_a_norm(node):
    """Say whether a node is the elementwise square of the outputs of a normalisation."""
    if type(node.operation) is not Contract or len(node.inputs) != 2 or node.inputs[0] is not node.inputs[1]:
        return False
    leaf, spec = node.inputs[0], node.operation
    return (isinstance(leaf, Data) and leaf.kind == "cut" and name_of(leaf) in NORMS and leaf.shape[-1] > 1
            and spec.left == spec.right == spec.result)


def _squared_norm(leaf, z):
    """Return the squares of normalised entries: `s |z|^{-2} z_i^2`, whose sum is the size; so the last is that minus
    the others."""
    size = z.shape[-1]
    z = _centred(z) if name_of(leaf) != "rms norm" else z
    letters, lead, square = _squares(z)
    inverse = Tensor(Power("-1"), (square,), "{0}")
    scale = contract(f"{lead},{lead}->{lead}", Data("scale", inverse.shape, "cut"), inverse)
    squares = contract(f"{lead},{letters}->{letters}", scale, contract(f"{letters},{letters}->{letters}", z, z))
    last = np.zeros(z.shape, dtype=np.int64)
    last[..., -1] = size
    but_last = Constant(np.eye(size, dtype=np.int64)[:, :-1])
    return squares @ but_last @ differences(size) + Constant(last)


def _outputs_of_norm(leaf, source):
    """Return the outputs of a normalisation as free data; those of a centred one sum to zero."""
    size = source.shape[-1]
    if name_of(leaf) == "rms norm":
        return leaf
    if size == 1:
        return source * 0
    return Data(leaf.name, (*source.shape[:-1], size - 1), "cut") @ differences(size)


def _sum_to_one(leaf):
    """Return data that sum to one along the last axis, over the allowed entries: the last of them is one minus the
    others."""
    shape, mask = leaf.shape, leaf.mask
    size = shape[-1]
    if mask is None:
        last = np.zeros(shape, dtype=np.int64)
        last[..., -1:] = 1
        return Data(leaf.name, (*shape[:-1], size - 1), "cut") @ differences(size) + Constant(last)
    rows = mask.reshape(-1, size)
    spans, last = np.zeros((len(rows), size, size), dtype=np.int64), np.zeros((len(rows), size), dtype=np.int64)
    for i, row in enumerate(rows):
        allowed = np.flatnonzero(row)
        last[i, allowed[-1]] = 1
        for place in allowed[:-1]:
            spans[i, place, place], spans[i, place, allowed[-1]] = 1, -1
    free = Data(leaf.name, (len(rows), size), "cut")
    return (Tensor(Contract("tv,tvu->tu"), (free, Constant(spans))) + Constant(last)).reshape(*shape)


def _of_parameters(leaf, name, source):
    """Return a known function of parameters as a node of the graph, ``None`` where there is no equation for it."""
    def apply(name):
        return Tensor(ParameterFunction(name), (source,), name.replace(" ", "_") + "({0})")
    if name in ("exp", "sigmoid", "tanh", "softplus", "any function") or name == "softmax" and leaf.mask is None:
        return apply(name)
    # z s(z) is a product with a known function: nothing new has to be adjoined.
    if name == "silu":
        return source * apply("sigmoid")
    return source * apply("normal cdf") if name == "gelu" else None


def _dependent(arguments):
    """
    Say in words which functions of parameters have arguments for which independence of the values is not proved.

    Exponentials need arguments that are independent with 1 over the rationals; of others it is known where each
    argument is a parameter.
    """
    if not arguments:
        return []
    nodes = list(dict.fromkeys(node for _, source in arguments for node in source.ancestors()))
    # More points than functions: functions are independent where their rows of values are, which a rank there proves.
    points = 2 + sum(node.size for node in nodes if isinstance(node, Parameter)) + sum(z.size for _, z in arguments)
    values = _at_random(nodes, (points,))
    said = [f"a function of {node.label()}, which is a function of parameters itself"
            for node in nodes if isinstance(node, Data)]

    def rows_of(node):
        return np.ascontiguousarray(np.broadcast_to(values[node], (points, *node.shape)).reshape(points, -1).T)
    own = {row.tobytes() for node in nodes if isinstance(node, Parameter) for row in rows_of(node)}
    columns = {}
    for leaf, source in arguments:
        rows = rows_of(source)
        # Equal arguments have equal values: they are one function.
        columns.update((row.tobytes(), row) for row in rows)
        if name_of(leaf) in ("gelu", "softplus", "any function") and not {row.tobytes() for row in rows} <= own:
            said.append(f"{leaf.function.name} of {leaf.source.label()}, whose entries are not parameters")
    if rank(np.vstack([np.ones((1, points), dtype=np.int64), *columns.values()]), _PRIME) <= len(columns):
        said.append("functions of parameters whose arguments depend on each other")
    return said
