r"""
Batch normalisation with running statistics: the number of laws from the same network with means zero.

Channel `j` computes `g_j s_j (z_j + c_j) + b_j = g_j s_j z_j + \tilde b_j` with `\tilde b_j = b_j + s_j c_j g_j`: in
the coordinate `\tilde b` it is the network with `c = 0`, in another metric.  Let `R` be the span of the differentials
of all responses, and suppose that vector fields `t_i`, linear and diagonal or constant, span its annihilator at generic
points of the network with `c = 0`: its laws, found from fields without brackets.

- In the coordinates `(g, b)` the one-forms `\omega_i = t_i \cdot d\theta` span the annihilator of all fields.  The one
  of a scaling of `g` by `\alpha` and of `\tilde b` by `\beta` has the term `(\beta - \alpha) s_j c_j g_j db_j`, so
  `d \omega_i = \sum_j (\beta_i - \alpha_i) s_j c_j \, dg_j \wedge db_j`, over the normalisations that it scales.
- A covector `\sum a_i \omega_i` annihilates brackets only if `\sum a_i d\omega_i` vanishes on pairs of fields.  If the
  forms `dg_j \wedge db_j` are independent on pairs of fields, which a small network decides as data switch channels
  off, and no `s_j c_j` is zero, then `\sum_i a_i (\beta_i - \alpha_i) = 0` for each `j`.

So of the laws at `c = 0` as many are lost as the vectors `\beta - \alpha` have rank, whatever the statistics are.
"""
from dataclasses import dataclass, replace

import numpy as np

from ..exact.arithmetic import ModularArithmetic
from ..exact.linear_algebra import rank
from ..exact.modular import random_array
from ..exact.primes import with_lucky_prime
from ..flows.flow_family import FlowFamily
from ..graph.operations import Add, Contract
from ..graph.rearrangements import Broadcast, Reshape
from ..graph.response import NetworkResponse
from ..graph.tensor import Constant, Parameter, Tensor
from .axes import Unknown, axes_of
from .resized import covector_of
from .bases import bases
from .families import families
from .fixed_numbers import only_axis
from .growth import grown
from .links import flat, is_primitive, is_uniform
from .positions import keep_few

# Ranks modulo it are at most the true ones, which is the safe side below.
_PRIME = (1 << 61) - 1


@dataclass(frozen=True)
class Shear:
    """A sum with fixed numbers by channel, the gain that multiplies it, and the bias that is added then."""

    sum: object
    rest: object
    gain: object
    bias: object


def by_shears(axes, found, generator, deadline=None):
    """Return what is proved of a segment with running means, itself where that is no more."""
    here = shears(axes)
    if not here:
        return found
    try:
        # In the coordinates of the lemma the network is this one, in another metric.
        plain = axes_of(_without(axes, here))
    except Unknown:
        return found
    # The lemma is about the span of the fields, without brackets.
    plain.letters = True
    # The whole network is one segment: with three positions an axis each layer reads all that the one before it gives.
    keep_few(plain, 3)
    laws = families(plain)
    base = next(iter(bases(plain, laws, 2)), None)
    # Laws of full families are not diagonal in gains and biases, and units need special points.
    if base is None or base.kinds or any(family.kind == "full" for family in laws):
        return found
    bare = grown(plain, generator, deadline, laws, False)
    if not bare.proved:
        return found
    number = {leaf.name: i for i, leaf in enumerate(plain.leaves)}
    pairs = [(number[shear.gain.name], number[shear.bias.name]) for shear in here]
    # Too small a rank, modulo a prime, calls too few laws lost: the bound from above is weaker, not wrong.
    lost = _lost(plain, laws, pairs)
    # At most so many laws are left, and those of the network with its means are proved: both have to be equal.
    if bare.laws - lost != found.laws:
        return replace(found, reason=f"with means zero there are {bare.laws} laws, of which {lost} are lost")
    sizes = [bare.least.get(c, plain.smallest(c, n)) for c, n in enumerate(plain.sizes)]
    if not with_lucky_prime(generator, lambda p: _independent(plain, sizes, pairs, generator, p)):
        return replace(found, reason="brackets of gains and biases were not told apart")
    least = {}
    for leaf, other in zip(axes.leaves, plain.leaves):
        least.update({c: bare.least[d] for c, d in zip(flat(axes, leaf), flat(plain, other)) if d in bare.least})
    return replace(found, rank=found.dimension - found.laws, least=least, reason=None)


def shears(axes):
    """Return the sums with fixed numbers by channel that one gain multiplies before one bias is added."""
    users = {}
    for node in axes.order:
        for child in () if is_primitive(node) else node.inputs:
            users.setdefault(child, []).append(node)
    paired = {node for node, _, _ in axes.pairings}

    def only_user(node):
        here = users.get(node, [])
        return here[0] if len(here) == 1 and node not in paired else None
    found = []
    for constant in axes.order:
        if isinstance(constant, Constant) and not is_uniform(constant) and constant in axes.ones:
            shear = _shear(axes, constant, only_user)
            if shear is not None:
                found.append(shear)
    # A gain or bias of two sums has no one mean to be shifted by.
    leaves = [leaf for shear in found for leaf in (shear.gain, shear.bias)]
    return found if len(set(leaves)) == len(leaves) else []


def _shear(axes, constant, only_user):
    node = constant
    while node is not None and not isinstance(node.operation, Add):
        if node is not constant and not isinstance(node.operation, (Broadcast, Reshape)):
            return None
        last, node = node, only_user(node)
    if node is None or node.inputs[0] is node.inputs[1]:
        return None
    total, (rest,) = node, [child for child in node.inputs if child is not last]
    c, gain = axes.of[constant][only_axis(constant)][0], None
    while True:
        user = only_user(node)
        if user is None or flat(axes, user).count(c) != 1:
            return None
        others = [child for child in user.inputs if child is not node]
        # The tensor times itself is no product with a gain.
        if len(others) != 1:
            return None
        leaf = _leaf(others[0], only_user)
        alone = leaf is not None and flat(axes, leaf) == [c]
        if isinstance(user.operation, Add):
            # Between the sum and the bias stand factors by channel only, so that the mean moves into the bias channel
            # by channel.
            fits = gain is not None and isinstance(leaf, Parameter) and alone
            return Shear(total, rest, gain, leaf) if fits else None
        if type(user.operation) is not Contract or len({user.operation.left, user.operation.right,
                                                        user.operation.result}) > 1:
            return None
        if isinstance(leaf, Parameter) and alone and gain is None:
            gain = leaf
        elif not (isinstance(leaf, Constant) and (leaf in axes.ones or is_uniform(leaf) and leaf.values.any())):
            return None
        node = user


def _leaf(node, only_user):
    """Return the leaf that is repeated here, a parameter if it is used nowhere else, or ``None``."""
    # A gain or bias that is read elsewhere too would carry the change of coordinates there.
    once = only_user(node) is not None
    while isinstance(node.operation, (Broadcast, Reshape)):
        (node,) = node.inputs
        once = once and only_user(node) is not None
    return node if isinstance(node, Constant) or once and isinstance(node, Parameter) else None


def _without(axes, here):
    """Return the response with the fixed terms left out."""
    rest, new = {shear.sum: shear.rest for shear in here}, {}
    for node in axes.order:
        if node in rest:
            new[node] = new[rest[node]]
        elif is_primitive(node) or all(new[child] is child for child in node.inputs):
            new[node] = node
        else:
            new[node] = Tensor(node.operation, [new[child] for child in node.inputs])
    pairings, constraints = [], []
    for node, constraint, mask in axes.pairings:
        covector = covector_of(new[node], constraint, mask)
        if covector is not None:
            pairings.append((new[node], covector))
            constraints.append((constraint, mask))
    return NetworkResponse(axes.leaves, pairings, constraints)


def _lost(axes, laws, pairs):
    """Return a lower bound of the rank of what gains and biases are scaled by differently."""
    lost = 0
    for c in {flat(axes, axes.leaves[gain])[0] for gain, _ in pairs}:
        rows = []
        for family in laws:
            if family.kind == "diagonal" and family.classes == (c,):
                scale = {number: alpha for number, where, alpha in family.parts}
                rows.append([(scale.get(bias, 0) - scale.get(gain, 0)) % _PRIME for gain, bias in pairs
                             if flat(axes, axes.leaves[gain]) == [c]])
        # Channel by channel, sum_i a_i (beta_i - alpha_i) = 0: so many conditions on the a_i.
        if rows:
            lost += rank(np.array(rows, dtype=np.int64), _PRIME) * axes.sizes[c]
    return lost


def _independent(axes, sizes, pairs, generator, p):
    """Say whether the two-forms of gains and biases are independent on pairs of fields of the small network."""
    small = axes.restricted(sizes)
    starts = small.leaf_starts
    columns = [np.concatenate([starts[leaf] + np.arange(small.leaves[leaf].size) for leaf in part])
               for part in zip(*pairs)]
    number = len(columns[0])
    batch = 2 * (number + 2)
    # (dg_j ^ db_j)(v, w) = v_g w_b - v_b w_g, one row a pair of fields, two more than are needed.
    A, family = ModularArithmetic(p), FlowFamily(small, small.names)
    data = family.draw(generator, p, batch)
    point = random_array(generator, (small.dimension,), p)
    fields = np.broadcast_to(family.control(A, point, data), (batch, small.dimension))
    (g, b), (h, d) = ((part[:, columns[0]], part[:, columns[1]]) for part in (fields[::2], fields[1::2]))
    # At one point modulo a prime a rank is at most the generic one: if it is full, the forms are independent.
    return rank(A.subtract(A.multiply(g, d), A.multiply(b, h)), p) == number
