r"""
A network at its true width: segments, each with its families of laws and both bounds, and the number of laws as a
formula in the widths.

EXAMPLES:

A transformer block of seven million parameters::

    sage: import numpy
    sage: from sage_conslaw import networks
    sage: from sage_conslaw.flows.problem import problem
    sage: from sage_conslaw.structure.true_width import width_of
    sage: block = width_of(problem(networks.transformer_block(48, 96, heads=3)).family)
    sage: block.bounds(numpy.random.default_rng(0r))
    (17712, 912)
    sage: block.formula().expression({3r: "h", 16r: "k", 48r: "d"})
    h*k^2 + h*k + 2*d

One input and one output have one field up to factors, and no more is needed::

    sage: narrow = width_of(problem(networks.linear([1, 12, 12, 1])).family)
    sage: narrow.bounds(numpy.random.default_rng(0r))
    (1, 167)

What is missing is said, with the segment to blame::

    sage: x, W = networks.input(700), networks.parameter("W", 700, 700)
    sage: open_end = width_of(problem(networks.custom((x + x @ W) @ networks.parameter("V", 700, 2))).family)
    sage: rank, laws = open_end.bounds(numpy.random.default_rng(0r)); rank + laws < 491400
    True
    sage: [words.split(":")[0] for words in open_end.blame]
    ['W V']
"""
import logging
from dataclasses import dataclass, replace

from ..flows.flow_family import FlowFamily
from ..graph.cuts import SumOne
from ..graph.one_field import has_one_field, is_seen_to_move
from ..graph.response import NetworkResponse
from ..notation.matrix_notation import MatrixLaw
from .axes import Unknown, axes_of
from .bases import dimension
from .chain_formula import chain_formula
from .faithful import doubt, first_doubt
from .families import families
from .formula import formula_of
from .growth import Grown, at_true_size, certified, grown
from .links import flat
from .mixing import check_mixing, with_free_rows
from .normal_form import normal_form
from .of_family import structure_of
from .open_ends import MARK, marks_of, opened_at, opened_cut, used, with_known_axes
from .parts import cut_in_parts
from .segments import segments
from .shears import by_shears, shears
from .signature import signature
from .values import entries_form, form_of
from .wording import matrix_law, signed

logger = logging.getLogger(__name__)

# Up to this number of parameters the dense route is asked where an axis is not known; above, there is no other.
_MOST_DENSELY = 10_000


@dataclass(frozen=True)
class Segment:
    r"""
    A segment, and what is proved of it.

    EXAMPLES::

        sage: from sage_conslaw.structure.growth import Grown
        sage: from sage_conslaw.structure.true_width import Segment
        sage: Segment(("U1",), None, Grown(4r, 4r, 0r, (), {}, None)).found.proved
        True
    """

    names: tuple
    axes: object
    found: Grown
    leaf_sizes: tuple = ()


class TrueWidth:
    r"""
    The segments of a gradient flow in the Euclidean metric.

    EXAMPLES::

        sage: import numpy
        sage: from sage_conslaw import networks
        sage: from sage_conslaw.flows.problem import problem
        sage: from sage_conslaw.structure.true_width import width_of
        sage: width = width_of(problem(networks.relu([784, 512, 256, 10], bias=True)).family)
        sage: width.bounds(numpy.random.default_rng(0r))
        (535040, 768)

    ``bounds``::

        sage: width_of(problem(networks.convolutional([3, 64, 64, 10])).family).bounds(numpy.random.default_rng(0r))
        (9728, 128)

    ``blame``::

        sage: width = width_of(problem(networks.relu([20, 30, 10])).family)
        sage: _ = width.bounds(numpy.random.default_rng(0r)); width.blame
        []

    ``formula``::

        sage: width = width_of(problem(networks.attention(1009, 101, heads=11)).family)
        sage: _ = width.bounds(numpy.random.default_rng(0r)); width.formula().expression({101r: "k", 11r: "h"})
        h*k^2 + h*k

    ``polynomials``::

        sage: width = width_of(problem(networks.lora([2, 2], rank=1)).family)
        sage: _ = width.bounds(numpy.random.default_rng(0r)); width.polynomials(100r)
        [{(0, 0): Fraction(1, 1), (1, 1): Fraction(1, 1), (2, 2): Fraction(-1, 1), (3, 3): Fraction(-1, 1)}]

    ``matrix_laws``::

        sage: width = width_of(problem(networks.lora([768, 768], rank=8)).family)
        sage: _ = width.bounds(numpy.random.default_rng(0r)); width.matrix_laws()
        [A1^T A1 - B1 B1^T (symmetric 8 x 8: 36 laws)]
    """

    def __init__(self, response, opening=False):
        self.given, self.reasons, self.segments = response, {}, None
        try:
            self._read(response, opening)
        except Unknown as reason:
            if not opening:
                raise
            # Nothing is known of it as a whole; it is one segment.
            self.response, self.axes, self.in_parts = response, None, True
            self.origins = {leaf.name: (leaf.name, tuple((0, 1, n) for n in leaf.shape)) for leaf in response.leaves}
            sizes = tuple(leaf.size for leaf in response.leaves)
            unknown = Grown(response.dimension, 0, 0, (), {}, str(reason))
            self.segments = [Segment(tuple(leaf.name for leaf in response.leaves), None, unknown, sizes)]

    def _read(self, response, opening):
        """Take the network apart; with ``opening`` around what is not known."""
        if opening:
            response = self._without_doubt(response)
        form = normal_form(response)
        while True:
            try:
                parts = cut_in_parts(form)
                self.response, self.origins = parts.response, parts.origins
                if opening:
                    self.response, self.axes, self.reasons = with_known_axes(self.response, self.reasons)
                else:
                    self.axes = axes_of(used(self.response))
                check_mixing(self.axes, parts.overlaps)
                self.axes = with_free_rows(self.axes)
                break
            except Unknown as reason:
                if not opening:
                    raise
                form = opened_at(form, reason, self.reasons)
        self.in_parts = self.response is not self.given

    def _without_doubt(self, response):
        while True:
            reason, cut = first_doubt(response)
            if reason is None:
                return response
            name = f"{MARK}{len(self.reasons) + 1}"
            self.reasons[name] = reason
            response = opened_cut(response, cut, name)
            if response is None:
                raise Unknown(reason)

    def bounds(self, generator, deadline=None):
        """Return proved lower bounds of the rank of the Lie algebra and of the number of independent laws."""
        if self.segments is None:
            self.segments = list(self._segments(generator, deadline))
        unused = self.response.dimension - self.axes.response.dimension if self.axes else 0
        return sum(s.found.rank for s in self.segments), unused + sum(s.found.laws for s in self.segments)

    def _segments(self, generator, deadline):
        known = {}
        for leaves in segments(self.axes.response):
            names, sizes = tuple(leaf.name for leaf in leaves), tuple(leaf.size for leaf in leaves)
            size = sum(sizes)
            response = self.axes.restricted(self.axes.sizes, leaves)
            moved = used(response)
            if not moved.leaves:
                # No field moves them: each entry is a law.
                yield Segment(names, None, Grown(size, size, 0, (), {}, None), sizes)
                continue
            still = size - moved.dimension
            axes = axes_of(moved)
            marks = marks_of(moved)
            key = signature(axes), "; ".join(dict.fromkeys(self.reasons[name] for name in marks))
            if key not in known:
                known[key] = self._of_segment(axes, key[1], generator, deadline)
                logger.info(
                    "segment %s: %d parameters, at least %d laws, rank at least %d%s",
                    " ".join(names),
                    size,
                    known[key].laws,
                    known[key].rank,
                    "" if known[key].proved else f"; open: {known[key].reason}",
                )
            found = known[key]
            yield Segment(names, axes, replace(found, dimension=size, laws=found.laws + still) if still else found)

    @staticmethod
    def _of_segment(axes, opened, generator, deadline):
        """Return what is proved of a segment; where something was opened in it, its laws alone."""
        alone = not opened and has_one_field(axes.response)
        # Terms that cancel leave no field: only one that is seen has rank one.
        if alone and is_seen_to_move(FlowFamily(axes.response, axes.response.names), generator):
            return _of_one_field(axes, generator)
        if opened or shears(axes):
            kept = certified(axes, families(axes), generator)
            number = sum(family.number(list(axes.sizes)) for family in kept)
            found = Grown(dimension(axes, axes.sizes), number, 0, tuple(kept), {}, opened or "its means are not zero")
            found = found if opened else by_shears(axes, found, generator, deadline)
            if opened or found.proved:
                return found
        found = grown(axes, generator, deadline)
        found = found if found.proved else _otherwise(axes, found, generator, deadline)
        return found if found.proved or alone else at_true_size(axes, found, generator, deadline)

    @property
    def blame(self):
        """The segments whose bounds do not meet, as text."""
        return [
            f"{' '.join(segment.names)}: between {segment.found.laws} and "
            f"{segment.found.dimension - segment.found.rank} laws; {segment.found.reason}"
            for segment in self.segments or ()
            if not segment.found.proved
        ]

    def formula(self):
        """Return the number of laws as a formula in the sizes of the classes, ``None`` where it is not proved."""
        return formula_of(self)

    def polynomials(self, most_terms):
        r"""
        Return the laws of all families as sparse polynomials in the parameters, ``None`` if these have more terms, or
        not all laws are in families.
        """
        if self.in_parts:
            return None
        number = terms = 0
        for segment in self.segments or ():
            if segment.axes is None:
                return None
            for family in segment.found.families:
                here = family.number(list(segment.axes.sizes))
                number += here
                terms += (
                    here
                    * sum(segment.axes.leaves[leaf].size for leaf, _, _ in family.parts)
                    // max(1, segment.axes.sizes[family.classes[0]] if family.classes else 1)
                )
        if (
            terms > most_terms
            or number != sum(segment.found.laws for segment in self.segments)
            or len(self.axes.leaves) != len(self.response.leaves)
        ):
            return None
        starts, start = {}, 0
        for leaf in self.response.leaves:
            starts[leaf.name] = start
            start += leaf.size
        laws = []
        for segment in self.segments:
            place = [starts[leaf.name] + i for leaf in segment.axes.leaves for i in range(leaf.size)]
            for family in segment.found.families:
                for law in family.polynomials(segment.axes, segment.axes.leaves, list(segment.axes.sizes)):
                    laws.append({tuple(sorted(place[i] for i in monomial)): value for monomial, value in law.items()})
        return [dict(sorted(law.items())) for law in laws]

    def matrix_laws(self, names=()):
        r"""
        Return the families of independent laws as matrix expressions with values; equal segments are listed one by one.

        INPUT: ``names`` -- how the parameters are called, in order (default: as in the graph)
        """
        found, called, places = [], self._called(names), self._places()
        for segment in self.segments or ():
            if segment.axes:
                leaves = [
                    (leaf.name, tuple(segment.axes.sizes[c] for c in flat(segment.axes, leaf)))
                    for leaf in segment.axes.leaves
                ]
                for family in segment.found.families:
                    form = form_of(signed(family, segment.axes), leaves, places)
                    found.append(replace(matrix_law(family, segment.axes, called), form=form))
            listed = (
                sum(family.number(list(segment.axes.sizes)) for family in segment.found.families) if segment.axes else 0
            )
            if not segment.axes and segment.found.laws:
                found += [
                    self._entries(name, size, called, places) for name, size in zip(segment.names, segment.leaf_sizes)
                ]
            elif listed < segment.found.laws:
                more = segment.found.laws - listed
                words = ", ".join(called[name] for name in segment.names)
                found.append(MatrixLaw(f"{more} more in {words}, not written", "", "", more, more))
        unused = set(self.response.leaves) - set((self.axes or self).response.leaves)
        return found + [
            self._entries(leaf.name, leaf.size, called, places) for leaf in self.response.leaves if leaf in unused
        ]

    @staticmethod
    def _entries(name, size, called, places):
        latex = rf"\mathrm{{{called[name]}}}".replace("_", r"\_")
        return MatrixLaw(called[name], latex, "", size, size, form=entries_form(places[name]))

    def _called(self, names):
        """Return how each part of a parameter is called."""
        names = dict(zip((leaf.name for leaf in self.given.leaves), names))
        return {
            part: names.get(origin, origin) + part.removeprefix(origin) for part, (origin, _) in self.origins.items()
        }

    def _places(self):
        """Return where each part lies in the state: start and shape of the parameter, ranges of its axes."""
        starts, start = {}, 0
        for leaf in self.given.leaves:
            starts[leaf.name] = start, leaf.shape
            start += leaf.size
        return {part: (*starts[origin], ranges) for part, (origin, ranges) in self.origins.items()}


def _of_one_field(axes, generator):
    """Return the number where all fields are multiples of one: its rank is one, and all but one are laws."""
    total = dimension(axes, axes.sizes)
    terms = {(): -1}
    for leaf in axes.leaves:
        sizes = tuple(sorted(axes.sizes[c] for c in flat(axes, leaf)))
        terms[sizes] = terms.get(sizes, 0) + 1
    return Grown(total, total - 1, 1, tuple(certified(axes, families(axes), generator)), {}, None, formula=(terms, ()))


def _otherwise(axes, found, generator, deadline):
    """Return better bounds of a segment from chains, stars or a layered structure, if it has one."""
    if any(isinstance(node, SumOne) for node in axes.order):
        return found
    structure = structure_of(FlowFamily(axes.response, axes.response.names))
    if structure is None:
        return found
    rank, laws = structure.bounds(generator, deadline)
    rank, laws = max(rank, found.rank), max(laws, found.laws)
    if rank + laws != found.dimension:
        return replace(found, rank=rank, laws=laws)
    formula = structure.chains and chain_formula(structure.classes, structure.chains)
    return replace(found, rank=rank, laws=laws, reason=None, formula=formula)


def _read_widely(response):
    """Return the reading whose structure is known: the coarse one, where it is known to count what the exact one
    does."""
    coarse = response.coarse
    return response if coarse is None or coarse.forgotten else coarse


def width_of(family):
    r"""
    Return the segments of a family, or ``None``: they are known for gradient flows of networks in the Euclidean metric.

    EXAMPLES::

        sage: from sage_conslaw import flows, networks
        sage: from sage_conslaw.flows.problem import problem
        sage: from sage_conslaw.structure.true_width import width_of
        sage: width_of(problem(networks.linear([2, 2]), flows.momentum()).family) is None
        True
    """
    if (
        type(family) is not FlowFamily
        or getattr(family, "variety", None) is not None
        or family.drift is not None
        or family.constants
        or family.first_forced
        or family.first_parameter
        or family.metric is not None
    ):
        return None
    if not isinstance(family.response, NetworkResponse):
        return None
    response = _read_widely(family.response)
    try:
        if (reason := doubt(response)) is not None:
            raise Unknown(reason)
        return TrueWidth(response)
    except Unknown as reason:
        logger.info("the axes of the network are not known: %s", reason)
        return TrueWidth(response, opening=True) if response.dimension > _MOST_DENSELY else None
