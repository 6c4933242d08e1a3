r"""
Noether's laws of momentum flow, read off the axes of a network without a search.

If `\theta \mapsto \theta + \epsilon A \theta` changes no response, `A` antisymmetric, then `\langle A \theta, \nabla f
\rangle = 0`, and for `\theta'' + \tau \theta' = -\nabla E` the angular momentum `\langle A \theta, \theta' \rangle`
decays like the clock: `e^{\tau t} \langle A \theta, \theta' \rangle` is conserved.  A rotation acts on one index of the
network, at each value of some further ones: hidden units of a linear layer; the width of a head, at each head; a pair
of coordinates that rotary positions turn, at each pair; the units of a norm without gain.

So for each size of an index, with further ones, the candidates are few: one number for each place where parameters
have the index.  Those that annihilate some random gradients modulo a prime are kept, and each law is then checked by an
exact identity.  A translation `\theta \mapsto \theta + \epsilon l` gives two laws, `\langle l, \theta' \rangle` times
the clock and one with `\langle l, \theta \rangle`.

The trivial case: `u v` has no rotation and no law.  The famous one: `x U V` with the units as index, `U^T U' - U'^T U +
V V'^T - V' V^T`.  One that fails: a ReLU between `U` and `V` multiplies each unit by a gate of its own, and the
candidate does not annihilate the gradients.
"""
import itertools
from fractions import Fraction

import numpy as np

from ..exact.arithmetic import ModularArithmetic
from ..exact.linear_algebra import kernel
from ..exact.modular import random_array
from ..exact.primes import random_prime
from ..exact.reconstruction import reconstruct
from ..graph.response import NetworkResponse
from .axes import Unknown, axes_of
from .families import Echelon
from .links import flat

ONE = Fraction(1)

# Affine laws are a kernel of a square matrix of this size: 1500 take a second.
_MOST_PARAMETERS = 3000

# Pairs of values of a rigid class that are tried one by one; the values of other classes are alike.
_MOST_PAIRS = 300


def noether_laws(family, generator):
    r"""
    Return laws of a momentum flow from rotations and translations of the response, each an exact law; ``None`` where
    they are not known to be of this form.
    """
    response = family.response
    if not isinstance(response, NetworkResponse) or family.metric is not None or family.exact_flow is None \
            or not family.shears or response.dimension > _MOST_PARAMETERS:
        return None
    try:
        axes = axes_of(response.coarse or response)
    except Unknown:
        return None
    p = random_prime(generator)
    sample = _Sample(response, generator, p)
    clock = _Clock(family)
    laws = []
    for vector in sample.translations():
        laws += clock.translation(vector)
    for pairs in _rotations(axes, response, sample):
        laws.append(clock.rotation(pairs))
    return [law for law, kept in zip(laws, family.conserved(laws)) if kept] if laws else []


class _Sample:
    """Random parameters with their gradients modulo a prime."""

    def __init__(self, response, generator, p):
        self.p, self.D = p, response.dimension
        # Eight more than needed: a kernel that is too large costs exact checks, no wrong law.
        rows = self.D + 8
        self.theta = random_array(generator, (rows, self.D), p)
        gradients = response.gradient(ModularArithmetic(p), self.theta, response.draw(generator, p, rows))
        self.gradients = np.broadcast_to(gradients, (rows, self.D))

    def translations(self):
        """Return the covectors, sparse, that annihilate all gradients."""
        found = [reconstruct(vector, self.p) for vector in kernel(self.gradients, self.p)]
        return [vector for vector in found if vector is not None]

    def column(self, left, right, rows):
        """Return `\\sum (\\theta_i g_j - \\theta_j g_i)` over pairs `(i, j)`, sample by sample."""
        p, total = self.p, np.zeros(rows, dtype=object)
        theta, g = self.theta[:rows].astype(object), self.gradients[:rows].astype(object)
        total = (theta[:, left] * g[:, right] - theta[:, right] * g[:, left]).sum(axis=1)
        return np.array([int(value) % p for value in total], dtype=np.int64)


class _Clock:
    """What laws are multiplied by, and where the coordinates are."""

    def __init__(self, family):
        self.kind, self.value = family.exact_flow
        self.time, self.constants = family.time, family.constants
        self.theta, self.velocity = family.first_parameter, family.first_forced
        # How often the time coordinate multiplies a law: s = e^(tau t) once, t as often as tau = k/t says.
        power = {"exponential": 1, "linear": 0}.get(self.kind, self.value)
        self.factor = (self.time,) * power

    def rotation(self, pairs):
        """Return the angular momentum of `\\sum a (\\theta_i w_j - \\theta_j w_i)` times the clock."""
        law = {}
        for i, j, a in pairs:
            for place, other, sign in ((i, j, a), (j, i, -a)):
                law[tuple(sorted((*self.factor, self.theta + place, self.velocity + other)))] = Fraction(sign)
        return law

    def translation(self, vector):
        """Return the two laws of a translation."""
        moving = {tuple(sorted((*self.factor, self.velocity + i))): a for i, a in vector.items()}
        out = {}
        for i, a in vector.items():
            if self.kind == "exponential":
                # tau l(theta) + l(w); where tau is an indeterminate it is the first coordinate.
                out[(0, self.theta + i) if self.constants else (self.theta + i,)] = a * (self.value or ONE)
                out[(self.velocity + i,)] = a
            else:
                out[(self.theta + i,)] = a * (self.value - 1)
                out[tuple(sorted((self.time, self.velocity + i)))] = a
        return [moving, out]


def _rotations(axes, response, sample):
    """
    Yield the laws of rotations of one index, each as a list of triples (i, j, coefficient), none a sum of others.

    Indices of the same size are tried together: a norm without gain has the units in front of it and behind it as
    classes of their own, and they rotate together.
    """
    starts = dict(zip((leaf.name for leaf in response.leaves), response.leaf_starts.tolist()))
    arrays = []
    for leaf in axes.leaves:
        if leaf.name in starts:
            classes = flat(axes, leaf)
            shape = tuple(axes.sizes[c] for c in classes)
            rigid = tuple(axes.rigid[c] for c in classes)
            arrays.append((starts[leaf.name] + np.arange(leaf.size).reshape(shape), rigid))
    span = Echelon()
    for n in sorted({n for places, _ in arrays for n in places.shape if n > 1}):
        for batch in _batches(arrays, n):
            for law in _of_size(arrays, n, batch, sample):
                if span.adds({(i, j) if i < j else (j, i): a if i < j else -a for i, j, a in law}):
                    yield law


def _batches(arrays, n):
    """Return the sizes of one or two further indices that a parameter has beside one of size ``n``, or none."""
    sets = {()}
    for places, _ in arrays:
        if n in places.shape:
            others = list(places.shape)
            others.remove(n)
            others = [size for size in others if size > 1]
            sets |= {tuple(sorted(chosen)) for k in (1, 2) for chosen in itertools.combinations(others, k)}
    return sorted(sets, key=lambda chosen: (-len(chosen), chosen))


def _of_size(arrays, n, batch, sample):
    """Yield the laws of rotations of an index of one size, at each value of further ones."""
    fronts, rigid = [], False
    for places, fixed in arrays:
        choices = [[i for i, size in enumerate(places.shape) if size == wanted] for wanted in (n, *batch)]
        for where in itertools.product(*choices):
            if len(set(where)) == len(where) and list(where[1:]) == sorted(where[1:]):
                fronts.append(np.moveaxis(places, where, range(len(where))))
                rigid = rigid or fixed[where[0]]
    pairs = list(itertools.combinations(range(n), 2)) if fronts else []
    # Permuting the values of a class maps fields to fields, so that one plane of rotation tells of all; pixels and
    # other rigid classes have no such symmetry.  Where these are too many the first plane is a guess, and laws that
    # it gives wrongly fail the exact identity: some may be missed, none is wrong.
    alike = not rigid or len(pairs) > _MOST_PAIRS
    coefficients = None
    for i, j in pairs:
        if coefficients is None or not alike:
            coefficients = _kernel(fronts, i, j, len(batch), sample)
        for value, vector in itertools.product(itertools.product(*map(range, batch)), coefficients):
            law = []
            for front, a in zip(fronts, vector):
                if a:
                    left, right = front[(i, *value)].ravel().tolist(), front[(j, *value)].ravel().tolist()
                    law += [(x, y, a) for x, y in zip(left, right)]
            yield law


def _kernel(fronts, i, j, depth, sample):
    """Return combinations of the places whose rotations annihilate the gradients, at the first value of the further
    indices."""
    # Six equations more than unknowns: a combination that does not annihilate the gradients passes with probability
    # p^-6, and is then refused by the exact identity.
    rows = min(len(fronts) + 6, len(sample.theta))
    first = (0,) * depth
    columns = [sample.column(front[(i, *first)].ravel(), front[(j, *first)].ravel(), rows) for front in fronts]
    found = [reconstruct(vector, sample.p) for vector in kernel(np.stack(columns, axis=1), sample.p)]
    return [[vector.get(k, Fraction(0)) for k in range(len(fronts))] for vector in found if vector is not None]
