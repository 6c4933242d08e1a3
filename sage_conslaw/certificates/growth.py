r"""
Large networks that are proved by growth of small ones: certificates of a few kB for a hundred million parameters.

A network falls into segments, equal ones are counted once, and each is proved at small sizes of its classes
(:mod:`sage_conslaw.width.bases`): the laws that its graph shows, how its values are switched off by data, their
independence and the rank of the Lie algebra at the small sizes, also with one value less.  A record says which sizes,
which units, and how many words of each length; the checker derives the laws and every condition anew, draws points and
data from the seed, and computes both ranks.

Of an architecture of the catalog the segments are rebuilt too, and compared.  The segments of a network of the user's
own are given by the file, and the statement says so.
"""
import json

import numpy as np

from ..exact.arithmetic import ModularArithmetic
from ..exact.linear_algebra import independent_rows, rank
from ..exact.modular import random_array
from ..exact.primes import UnluckyPrime, random_prime
from ..fields.bracket import random_word
from ..flows.flow_family import FlowFamily
from ..flows.problem import problem as problem_of
from ..networks.catalog import by_name
from ..runtime.errors import InputError, NotCovered
from ..width.axes import Unknown, axes_of
from ..width.bases import MOST_PARAMETERS, bases, dimension
from ..width.families import families
from ..width.open_ends import used
from ..width.segments import segments
from ..width.switching import held
from ..width.true_width import width_of
from .errors import BeyondLimits, CertificateError
from .growth_record import segment_axes, segment_graph
from .wide_chains import affordable

# Sizes of classes that a base may have, as in the search, and words beyond those needed: other draws may need more.
_BASES, _SPARE = (2, 3, 4), 1
_IDLE, _AT_LEAST = 2, 4
# Words for each parameter of a small network: more are needless, and both checkers refuse them.
WORDS_EACH = 2
# Parameter arrays of one segment: GPT-2 has four, and a graph of 2000 nodes is the largest that is checked.
_MOST_ARRAYS = 1000


def parts_of(family):
    """
    Return the kinds of segments of a family, their axes and how often each occurs, and how many parameters no field
    moves.
    """
    # Reasons are what the structure does not know of this width: no theorem, no certificate.
    width = width_of(family)
    if width is None or width.reasons:
        raise NotCovered(
            "a certificate at any width is of a gradient flow in the euclidean metric whose segments are known; "
            "leave it out"
        )
    still, kinds = width.response.dimension - width.axes.response.dimension, {}
    for leaves in segments(width.axes.response):
        if len(leaves) > _MOST_ARRAYS:
            raise NotCovered(f"a segment of {len(leaves)} parameter arrays is more than a certificate at any width has "
                             f"({_MOST_ARRAYS}); leave it out")
        # Entries that no data reach never move: each is a law by itself, and the rest is a network without it.
        moved = used(width.axes.restricted(width.axes.sizes, leaves))
        still += sum(leaf.size for leaf in leaves) - moved.dimension
        if not moved.leaves:
            continue
        axes = axes_of(moved)
        unseen = {family.parts[0][0] for family in families(axes) if family.kind == "entries"}
        still += sum(axes.leaves[i].size for i in unseen)
        kept = [leaf for i, leaf in enumerate(axes.leaves) if i not in unseen]
        if not kept:
            continue
        axes = axes_of(axes.restricted(axes.sizes, kept)) if unseen else axes
        # Equal graphs, whatever their arrays are called: the blocks of a transformer are proved once.
        key = json.dumps(_nameless(segment_graph(axes)))
        kinds.setdefault(key, []).append(axes)
    return [(found[0], len(found)) for found in kinds.values()], still


def _nameless(graph):
    return graph | {"nodes": [{key: value for key, value in node.items() if key != "name"} for node in graph["nodes"]]}


def growth_witness(family, generator, whole=True):
    """
    Return the part of a certificate that shows the number at any width, and the numbers: dimension, laws, rank.

    INPUT: ``whole`` -- whether a segment that no base proves is an error; else nothing is said of it
    """
    p, seed = random_prime(generator), int(generator.integers(0, 1 << 30))
    parts, still = parts_of(family)
    records = [_segment_record(axes, times, p, (seed, number), whole) for number, (axes, times) in enumerate(parts)]
    return {"kind": "growth", "prime": p, "seed": seed, "still": still, "segments": records}, *totals(records, still)


def totals(records, still):
    """Return dimension, number of laws and rank of a network from those of its segments."""
    size, laws, moved = (sum(one["times"] * one[key] for one in records) for key in ("size", "laws", "rank"))
    return size + still, laws + still, moved


def _segment_record(plain, times, p, label, whole):
    axes, found = held(plain), families(plain)
    # The record has whole families, and no fixed numbers that smaller networks have not.
    for size in () if axes.ones or any(family.less for family in found) else _BASES:
        for base in bases(axes, found, size):
            if dimension(axes, base.sizes) > MOST_PARAMETERS:
                continue
            # Laws that depend on each other at the small sizes leave no room for the argument: a larger base may do.
            if base.dependent(np.random.default_rng(label), p) is not None:
                continue
            counts = _word_counts(base, p, label)
            if counts is not None:
                return _record(plain, times, found, base, counts)
    if not whole:
        # Nothing is said of this segment: its parameters count in the dimension, and the statement gives two bounds.
        size = dimension(axes, axes.sizes)
        return {"times": times, "size": size, "laws": 0, "rank": 0, "graph": segment_graph(axes)}
    names = " ".join(leaf.name for leaf in axes.leaves)[:200]
    raise NotCovered(
        f"the segment {names} is proved in a way that certificates at any width do not have, or not at all; leave the "
        f"certificate out"
    )


def _record(axes, times, found, base, counts):
    size = dimension(axes, axes.sizes)
    laws = sum(family.number(list(axes.sizes)) for family in found)
    return {
        "times": times, "size": size, "laws": laws, "rank": size - laws, "graph": segment_graph(axes),
        "families": [_family_record(family) for family in found],
        "base": {
            "sizes": [int(n) for n in base.sizes], "free": base.free,
            "units": [{"classes": [int(c) for c in classes], "signs": [list(signs[leaf]) for leaf in axes.leaves]}
                      for classes, signs in base.kinds],
        },
        "words": counts,
    }


def _family_record(family):
    return {"kind": family.kind, "classes": [int(c) for c in family.classes],
            "parts": [{"parameter": int(leaf), "places": [int(i) for i in where], "factor": int(alpha)}
                      for leaf, where, alpha in family.parts]}


def _missing(base):
    return dimension(base.axes, base.sizes) - sum(family.number(base.sizes) for family in base.found)


def _small(base, p, label):
    """Return the family at the small sizes and a point, drawn from the seed."""
    small = base.axes.restricted(base.sizes)
    # A network that loses parameters or all its fields at small sizes is not a smaller one of the same kind.
    if small.dimension != dimension(base.axes, base.sizes) or not small.pairings:
        return None, None
    # Drawn from seed, segment and a place of their own, so that the checker's draws do not depend on the search's.
    generator = np.random.default_rng([*label, 0])
    point = base.point([3] * len(base.kinds), base.sizes, generator, p)
    point = random_array(generator, (small.dimension,), p) if point is None else point
    return FlowFamily(small, small.names), point


def _words(family, point, count, depth, p, label):
    """Return the values of words of ``depth + 1`` letters, drawn from the seed."""
    if not count:
        return np.zeros((0, family.dimension), dtype=np.int64)
    word = random_word(family, np.random.default_rng([*label, depth + 1]), p, count, depth)
    return np.broadcast_to(word(ModularArithmetic(p), point), (count, family.dimension))


def _word_counts(base, p, label):
    """Return how many words of each length fill what the laws leave, ``None`` if they do not."""
    (family, point), missing = _small(base, p, label), _missing(base)
    if family is None:
        return None
    rows, counts, idle = np.zeros((0, family.dimension), dtype=np.int64), [], 0
    while len(rows) < missing:
        # Two more than are needed: a random word is in the span of the others modulo p once in p times, and the second
        # spare tells "no more of this length" from bad luck.
        batch = missing - len(rows) + 2
        if idle >= _IDLE and len(counts) >= _AT_LEAST or not affordable([*counts, batch], family.dimension):
            return None
        stack = np.concatenate([rows, _words(family, point, batch, len(counts), p, label)])
        kept = independent_rows(stack, p)
        gained = len(kept) - len(rows)
        idle = 0 if gained else idle + 1
        # The checker draws the same words up to the last that counted, and a spare one.
        counts.append(int(max(kept) + 1 - len(rows) + _SPARE) if gained else 0)
        rows = stack[kept]
    return counts if sum(counts) <= WORDS_EACH * family.dimension else None


def check_growth(record, p):
    """Check a record of a network that is proved by growth but for its statement; return dimension, laws and rank."""
    part, asked = record["width"], record["problem"]
    if asked["flow"] != {"name": "gradient", "decay": "0", "metric": "euclidean"}:
        raise CertificateError("a proof by growth is of gradient flow in the euclidean metric")
    # A name claims a graph. Of the catalog's the segments are rebuilt, so that those of another cannot stand under it.
    if asked["architecture"] != "custom":
        _compare(asked, part)
    elif asked["sizes"] or asked["options"]:
        raise CertificateError("a custom network has no sizes and options")
    for number, segment in enumerate(part["segments"]):
        _check_segment(segment, p, (part["seed"], number))
    n, m, r = totals(part["segments"], part["still"])
    if record["laws"]:
        raise CertificateError("the laws of a proof by growth are the families of its segments")
    if record["dimension"] != n:
        raise CertificateError(f"the dimension is {n}, not {record['dimension']}")
    return n, m, r


def _compare(asked, part):
    """Refuse segments that are not those of the architecture that is named."""
    try:
        network = by_name(asked["architecture"], asked["sizes"], **asked["options"])
        parts, still = parts_of(problem_of(network, loss=asked["loss"]).family)
    except (InputError, Unknown) as error:
        raise CertificateError(f"the network cannot be rebuilt: {' '.join(str(error).split())[:200]}") from None
    mine = [(times, segment_graph(axes)) for axes, times in parts]
    if still != part["still"] or mine != [(one["times"], one["graph"]) for one in part["segments"]]:
        raise CertificateError(f"the segments are not those of {asked['architecture']} of these sizes")


def _check_segment(segment, p, label):
    axes = segment_axes(segment["graph"])
    if "base" not in segment:
        if (segment["size"], segment["laws"], segment["rank"]) != (dimension(axes, axes.sizes), 0, 0):
            raise CertificateError("a segment without a base shows nothing")
        return
    # The laws are not read but derived: a family too many would be false, one too few would make the words fail.
    found = families(axes)
    if axes.ones or any(family.less for family in found):
        raise CertificateError("a segment has laws or fixed numbers that a record of growth has no place for")
    if segment["families"] != [_family_record(family) for family in found]:
        raise CertificateError("the laws of a segment are not those that its graph shows")
    if any(family.kind == "entries" for family in found):
        raise CertificateError("a segment has parameters that nothing moves")
    size = dimension(axes, axes.sizes)
    laws = sum(family.number(list(axes.sizes)) for family in found)
    if (segment["size"], segment["laws"], segment["rank"]) != (size, laws, size - laws):
        raise CertificateError(f"a segment has {laws} laws and {size} parameters")
    base = _base(held(axes), found, segment["base"])
    if dimension(axes, base.sizes) > MOST_PARAMETERS:
        raise BeyondLimits(f"a small network of a segment has more than {MOST_PARAMETERS} parameters")
    # Independence here and with one value less of each class that grows, which is what the induction uses.
    try:
        reason = base.dependent(np.random.default_rng(label), p)
    except ArithmeticError as error:
        raise UnluckyPrime(str(error)) from None
    if reason is not None:
        raise CertificateError(f"a segment does not grow from this base: {reason}")
    family, point = _small(base, p, label)
    if family is None:
        raise CertificateError("the small network of a segment has no fields, or lacks parameters")
    if sum(segment["words"]) > WORDS_EACH * family.dimension:
        raise CertificateError(f"a small network has more than {WORDS_EACH} words for each of its parameters")
    if not affordable(segment["words"], family.dimension):
        raise BeyondLimits("the words need more work than a check may take")
    values = np.concatenate([_words(family, point, count, depth, p, label)
                             for depth, count in enumerate(segment["words"])]
                            or [np.zeros((0, family.dimension), dtype=np.int64)])
    # With the laws this is everything at the small sizes; the lemma carries it to all larger ones.
    if rank(values, p) != _missing(base):
        raise CertificateError("the words of a segment have not the rank that its laws leave")


def _base(axes, found, record):
    """Return the base of a record, if it is one of those from which the segment is known to grow."""
    for size in _BASES:
        for base in bases(axes, found, size):
            units = [{"classes": list(classes), "signs": [list(signs[leaf]) for leaf in axes.leaves]}
                     for classes, signs in base.kinds]
            if (record["sizes"], record["free"], record["units"]) == (list(map(int, base.sizes)), base.free, units):
                return base
    raise CertificateError("a segment does not grow from this base")
