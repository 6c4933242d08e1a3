r"""
The number of laws of a segment at any width, from a dense computation at small widths.

Two theorems (:mod:`.switching`) carry the count from small class sizes `m` to the true ones:

- a class that data switch off, and over which no family is full, grows at generic points: if at `m` the laws of all
  families are independent, also with one value less, and with the rank of the Lie algebra they fill the space, then so
  they do at all larger sizes;
- a class without data (the width of queries and keys, the rank of an adapter) grows together with classes that carry
  data, by *units* at special points; generic ranks are at least those at special points.

The laws themselves are independent at all sizes from the base on: a combination of their gradients that vanishes,
restricted to the parameters without one value (at special points: without one unit), is one of the smaller network,
because there the gradients of the laws of that value vanish.  Where a class with data grows beyond the units, one value
less is checked at special points whose first unit has taken the other neurons of a unit.  So both bounds meet at every
width, or this module says why not.
"""
import logging
from dataclasses import dataclass, replace

from ..exact.modular import random_array
from ..exact.primes import random_prime, with_lucky_prime
from .axes import Unknown, axes_of
from .bases import MOST_PARAMETERS, base_of_laws, bases, dimension, independent_families, law_rank, word_rank
from .families import families
from .links import flat
from .offsets import added_leaves, offsets_move
from .positions import keep_few
from .segments import apart
from .switching import centred, held

logger = logging.getLogger(__name__)

# Sizes of classes that are tried as a base.
_BASES = (2, 3, 4)

# Segments of at most this many parameters that no base proves are computed at their true size.
_MOST_AT_TRUE_SIZE = 600

# Where no brackets are taken, networks this many times as large are as cheap.
_WITHOUT_BRACKETS = 3


@dataclass(frozen=True)
class Grown:
    r"""
    What is proved of a segment at its true size.

    - ``laws``, ``rank`` -- proved lower bounds of the number of independent laws and of the rank

    - ``families`` -- the families of independent laws; ``least`` -- for each class that grew the size from which on
      their numbers are proved

    - ``reason`` -- why the bounds do not meet, or ``None``
    """

    dimension: int
    laws: int
    rank: int
    families: tuple
    least: dict
    reason: str
    # Further conditions on widths: triples (class, classes, number) for a size that is at least a sum of others and a
    # number; biases that were tried at these widths alone.
    sums: tuple = ()
    offsets: tuple = ()
    # The number as coefficients by sizes, and the conditions on these, where families do not give it.
    formula: tuple | None = None

    @property
    def proved(self):
        """Whether both bounds meet."""
        return self.laws + self.rank == self.dimension


def grown(axes, generator, deadline=None, found=None, offsets=True):
    r"""
    Return what is proved of a segment at its true size.

    INPUT: ``found`` -- families of laws, if they are known; ``offsets`` -- whether to try the network without biases
    """
    found = families(axes) if found is None else found
    keep_few(axes)
    if any(family.kind == "entries" for family in found):
        return _without_unseen(axes, found, generator, deadline)
    # A parameter whose entries are laws moves nowhere: it is left out above, as no base would be full with it.
    # Heads that may grow come first: the number is then known for any number of them.
    heads, known = centred(axes), None
    for one in (heads, axes) if heads is not None else (axes,):
        known = _from_small(held(one), found, known, generator, deadline)
        if not known.proved and offsets and (heads is None or one is heads):
            known = _without_offsets(axes, found, known, generator, deadline)
        if known.proved:
            break
    return known


def _from_small(axes, found, known, generator, deadline):
    """Return what the first small network proves from which this one grows; if there is none, what is known, and else
    the laws alone."""
    total, reason, best = dimension(axes, axes.sizes), "no small network was tried", None
    for size in _BASES:
        for base in bases(axes, found, size):
            if dimension(axes, base.sizes) > MOST_PARAMETERS * (_WITHOUT_BRACKETS if axes.letters or axes.ones else 1):
                reason = "its small networks are still large"
                continue
            if deadline is not None:
                deadline.check()
            reason = with_lucky_prime(generator, lambda p, base=base: base.failure(generator, p, deadline))
            logger.info("base %s: %s", base.sizes, reason or "proved")
            if reason is None:
                laws = sum(family.number(list(axes.sizes)) for family in found)
                least = {c: n for c, n in enumerate(base.sizes) if n < axes.sizes[c] and not axes.rigid[c]}
                return Grown(total, laws, total - laws, tuple(found), least, None, base.conditions())
            # The laws are independent at the true size, even where the rank of this base falls short.
            if base.independent:
                best = found
    if known is not None:
        return known
    best = certified(axes, found, generator) if best is None else best
    laws = sum(family.number(list(axes.sizes)) for family in best)
    return Grown(total, laws, 0, tuple(best), {}, reason)


def certified(axes, found, generator):
    r"""
    Return families that are proved independent at the true size, whether or not the network grows from a small one.
    """
    base = base_of_laws(axes, found)
    if base is not None and with_lucky_prime(generator, lambda p: base.dependent(generator, p, False)) is None:
        return found
    return independent_families(axes, found, generator)


def at_true_size(axes, known, generator, deadline=None):
    """Return what the dense computation proves of a small segment at its own size."""
    total = dimension(axes, axes.sizes)
    if total > _MOST_AT_TRUE_SIZE:
        return known
    found = families(axes)

    def bounds(p):
        laws = law_rank(axes, found, list(axes.sizes), None, generator, p)
        response = axes.restricted([len(axes.kept.get(c, range(n))) for c, n in enumerate(axes.sizes)])
        point = random_array(generator, (total,), p)
        return laws, word_rank(response, point, total - laws, generator, p, deadline)
    laws, rank_here = with_lucky_prime(generator, bounds)
    if laws <= known.laws and rank_here <= known.rank:
        return known
    laws, rank_here = max(laws, known.laws), max(rank_here, known.rank)
    # Families whose laws are dependent here count less than their number, and say nothing of other sizes.
    if laws != sum(family.number(list(axes.sizes)) for family in found):
        found = known.families if laws == known.laws else ()
    reason = None if laws + rank_here == total else f"its rank is at least {rank_here} at its own size"
    return replace(
        known, laws=laws, rank=rank_here, families=tuple(found), least={}, reason=reason, sums=(), offsets=()
    )


def _named_anew(result, classes):
    """Return the sizes and the sums that a result asks for, its classes by the names of another network."""
    least = {classes[c]: n for c, n in result.least.items() if c in classes}
    sums = tuple(
        (classes[c], tuple(classes[d] for d in more), free)
        for c, more, free in result.sums
        if c in classes and all(d in classes for d in more)
    )
    return least, sums


def _without_unseen(axes, found, generator, deadline):
    """Leave out the parameters that the response does not depend on at all: each entry is a law."""
    unseen = {axes.leaves[family.parts[0][0]] for family in found if family.kind == "entries"}
    size = sum(leaf.size for leaf in unseen)
    kept = [leaf for leaf in axes.leaves if leaf not in unseen]
    entries = tuple(family for family in found if family.kind == "entries")
    if not kept:
        return Grown(size, size, 0, entries, {}, None)
    rest = axes_of(axes.restricted(axes.sizes, kept))
    # Who asks for the span of the fields alone (:mod:`.shears`) is not answered by brackets.
    rest.letters = axes.letters
    result = grown(rest, generator, deadline)
    classes = {}
    for leaf, mine in zip(rest.leaves, kept):
        classes.update(zip(flat(rest, leaf), flat(axes, mine)))
    others = tuple(
        replace(
            family,
            classes=tuple(classes[c] for c in family.classes),
            parts=tuple((axes.leaves.index(kept[number]), where, alpha) for number, where, alpha in family.parts),
        )
        for family in result.families
    )
    least, sums = _named_anew(result, classes)
    return replace(
        result,
        dimension=result.dimension + size,
        laws=result.laws + size,
        families=others + entries,
        least=least,
        sums=sums,
    )


def _without_offsets(axes, found, known, generator, deadline):
    """Prove the number of a network with biases from that without them."""
    # Terms with a bias have other data than those without, so that the fields of the network without biases are among
    # those of this one.
    offsets = added_leaves(axes)
    if not offsets or len(offsets) == len(axes.leaves) or not apart(axes.response, offsets):
        return known
    kept = [leaf for leaf in axes.leaves if leaf not in offsets]
    try:
        plain = axes_of(axes.restricted(axes.sizes, kept))
    except Unknown:
        return known
    sums, others, renamed = _carried(axes, plain, kept, found)
    if any(-1 in family.classes for family in others):
        return known
    # The laws of this network, restricted to the other parameters, are laws there, and proved independent there.
    bare = grown(plain, generator, deadline, others, False)
    listed = bare.proved
    if not listed:
        # Without biases there may be more laws.
        bare = max(bare, grown(plain, generator, deadline, None, False), key=lambda one: one.rank)
    # Its fields are fields of this one.
    known = replace(known, rank=max(known.rank, bare.rank))
    if not bare.proved:
        return replace(known, reason=bare.reason)
    fixed = sum(family.number(list(axes.sizes)) for family in sums)
    if any(family.kind != "sum" for family in sums):
        return replace(known, reason="biases have laws among themselves")
    if not listed and bare.laws + fixed != known.laws:
        return replace(known, reason=f"without biases there are {bare.laws} laws")
    # A covector that annihilates the Lie algebra restricts to one of the network without biases.  If that one is zero,
    # so is it, once the biases' components of the fields fill their space, or all of it but what the sums of biases
    # that are laws leave: there are at most as many laws as without biases, and these sums.
    # A small prime: the products at true width are then single ones of doubles.
    if not offsets_move(axes, offsets, fixed, generator, random_prime(generator, 21), deadline):
        return replace(known, reason="the biases are not moved in all directions by fields without brackets")
    laws = bare.laws + fixed
    back = {value: key for key, value in renamed.items()}
    least, sums = _named_anew(bare, back)
    return Grown(
        known.dimension,
        laws,
        known.dimension - laws,
        tuple(found) if listed else known.families,
        least,
        None,
        sums,
        tuple(leaf.name for leaf in offsets),
    )


def _carried(axes, plain, kept, found):
    """Return the families of the other parameters alone, those of these parameters in the terms of their own network,
    with -1 for classes that it has not, and what its classes are called there."""
    numbers = {
        i: plain.leaves.index(other)
        for i, leaf in enumerate(axes.leaves)
        for other in plain.leaves
        if leaf in kept and other.name == leaf.name
    }
    sums = [family for family in found if all(number not in numbers for number, _, _ in family.parts)]
    renamed = {}
    for i, j in numbers.items():
        renamed.update(zip(flat(axes, axes.leaves[i]), flat(plain, plain.leaves[j])))
    others = [
        replace(
            family,
            classes=tuple(renamed.get(c, -1) for c in family.classes),
            parts=tuple((numbers[number], where, alpha) for number, where, alpha in family.parts if number in numbers),
        )
        for family in found
        if family not in sums
    ]
    return sums, others, renamed
