r"""
A network at its true width: segments, each with its families of laws and both bounds, and the number of laws as a
formula in the widths.

EXAMPLES:

A transformer block of seven million parameters::

    sage: import numpy
    sage: from sage_conslaw import flows, networks
    sage: from sage_conslaw.flows.problem import problem
    sage: from sage_conslaw.width.true_width import width_of
    sage: def counted(net):
    ....:     return width_of(problem(net).family).counted(numpy.random.default_rng(0r))
    sage: block = counted(networks.transformer_block(48, 96, heads=3)); block.rank, block.laws
    (17712, 912)
    sage: block.formula().expression({3r: "h", 16r: "k", 48r: "d"})
    h*k^2 + h*k + 2*d

Laws are matrices, or polynomials where these are few::

    sage: counted(networks.lora([768, 768], rank=8)).matrix_laws()
    [A1^T A1 - B1 B1^T (symmetric 8 x 8: 36 laws)]
    sage: counted(networks.lora([2, 2], rank=1)).polynomials(100r)
    [{(0, 0): Fraction(1, 1), (1, 1): Fraction(1, 1), (2, 2): Fraction(-1, 1), (3, 3): Fraction(-1, 1)}]

One input and one output have one field up to factors, and no more is needed::

    sage: narrow = counted(networks.linear([1, 12, 12, 1])); narrow.rank, narrow.laws
    (1, 167)

What is missing is said, with the segment to blame; momentum is not asked here::

    sage: x, W, V = networks.input(120), networks.parameter("W", 120, 120), networks.parameter("V", 120, 2)
    sage: open_end = counted(networks.custom((x + x @ W) @ V))
    sage: open_end.rank + open_end.laws < 14640, [words.split(":")[0] for words in open_end.blame]
    (True, ['W V'])
    sage: width_of(problem(networks.linear([2, 2]), flows.momentum()).family) is None
    True
"""
import logging
from dataclasses import dataclass, replace
from itertools import accumulate

from ..flows.flow_family import FlowFamily
from ..graph.cuts import SumOne
from ..graph.one_field import has_one_field, is_seen_to_move
from ..graph.response import NetworkResponse
from ..notation.matrix_notation import MatrixLaw
from .axes import Unknown, axes_of
from .bases import dimension
from ..structure.chain_formula import chain_formula
from .faithful import doubt, first_doubt
from .families import families
from .formula import formula_of
from .growth import Grown, at_true_size, certified, grown
from .links import flat
from .mixing import check_mixing, with_free_rows
from .normal_form import normal_form
from ..structure.of_family import structure_of
from .open_ends import MARK, marks_of, opened_at, opened_cut, used, with_known_axes
from .parts import cut_in_parts
from .ranges import entire
from .segments import segments
from .shears import by_shears, shears
from .signature import signature
from .values import entries_form, form_of
from .wording import in_mathematics, matrix_law, signed

logger = logging.getLogger(__name__)

# Up to this number of parameters the dense route is asked where an axis is not known; above, there is no other.
_MOST_DENSELY = 10_000


@dataclass(frozen=True)
class Segment:
    """A segment, and what is proved of it; without axes no field moves its parameters, or nothing is known of it."""

    names: tuple
    axes: object
    found: Grown
    leaf_sizes: tuple = ()


class TrueWidth:
    """A network taken apart: the response with parameters in parts, and its axes, which are ``None`` where nothing is
    known."""

    def __init__(self, response, opening=False):
        # With ``opening``, what is not known is opened (:mod:`.open_ends`); ``reasons`` are by the new data's names.
        self.given, self.reasons = response, {}
        try:
            self._read(self._without_doubt(response) if opening else response, opening)
        except Unknown as reason:
            if not opening:
                raise
            self.response, self.axes, self.unknown = response, None, str(reason)
            self.origins = {leaf.name: (leaf.name, entire(leaf.shape)) for leaf in response.leaves}

    def _read(self, response, opening):
        """Take the network apart, again after each opening: one may be the reason for the next."""
        # Normal form first: it finds rows of a stream as a slice of the same sum, and cutting takes slices away.
        form = normal_form(response)
        while True:
            try:
                parts = cut_in_parts(form)
                self.response, self.origins = parts.response, parts.origins
                if opening:
                    self.response, axes, self.reasons = with_known_axes(self.response, self.reasons)
                else:
                    axes = axes_of(used(self.response))
                check_mixing(axes, parts.overlaps)
                self.axes = with_free_rows(axes)
                return
            except Unknown as reason:
                if not opening:
                    raise
                # Each opening takes an operation away, and :mod:`.open_ends` has a limit: the loop ends.
                form = opened_at(form, reason, self.reasons)

    def _without_doubt(self, response):
        """Return the response with all cuts opened that forget something."""
        while (found := first_doubt(response))[0] is not None:
            reason, cut = found
            name = f"{MARK}{len(self.reasons) + 1}"
            self.reasons[name] = reason
            response = opened_cut(response, cut, name)
            if response is None:
                raise Unknown(reason)
        return response

    def counted(self, generator, deadline=None):
        """Return what is proved of the segments."""
        return Counted(self.given, self.response, self.axes, self.origins, tuple(self._segments(generator, deadline)))

    def bounds(self, generator, deadline=None):
        """Return proved lower bounds of the rank of the Lie algebra and of the number of independent laws."""
        found = self.counted(generator, deadline)
        return found.rank, found.laws

    def _segments(self, generator, deadline):
        if self.axes is None:
            # Nothing is known of the axes: one segment with both bounds at zero.
            leaves = self.response.leaves
            unknown = Grown(self.response.dimension, 0, 0, (), {}, self.unknown)
            yield Segment(tuple(leaf.name for leaf in leaves), None, unknown, tuple(leaf.size for leaf in leaves))
            return
        known = {}
        for leaves in segments(self.axes.response):
            names, sizes = tuple(leaf.name for leaf in leaves), tuple(leaf.size for leaf in leaves)
            size = sum(sizes)
            # Terms of other segments have other data: these are set to zero, and their parameters are left out.
            moved = used(self.axes.restricted(self.axes.sizes, leaves))
            if not moved.leaves:
                # No field moves them: each entry is a law.
                yield Segment(names, None, Grown(size, size, 0, (), {}, None), sizes)
                continue
            axes = axes_of(moved)
            # Equal segments may be open for different reasons, and these are said.
            key = signature(axes), "; ".join(dict.fromkeys(self.reasons[name] for name in marks_of(moved)))
            if key not in known:
                known[key] = _of_segment(axes, key[1], generator, deadline)
                logger.info("segment %s: %d parameters, at least %d laws, rank at least %d%s", " ".join(names), size,
                            known[key].laws, known[key].rank,
                            "" if known[key].proved else f"; open: {known[key].reason}")
            still = size - moved.dimension
            yield Segment(names, axes, replace(known[key], dimension=size, laws=known[key].laws + still))


@dataclass(frozen=True)
class Counted:
    """What is proved of a network: the response as given and in parts, its axes, where parts come from, the
    segments."""

    given: NetworkResponse
    response: NetworkResponse
    axes: object
    origins: dict
    segments: tuple

    @property
    def rank(self):
        """A proved lower bound of the rank of the Lie algebra."""
        return sum(segment.found.rank for segment in self.segments)

    @property
    def laws(self):
        """A proved lower bound of the number of independent laws."""
        return sum(leaf.size for leaf in self._unused()) + sum(segment.found.laws for segment in self.segments)

    def _unused(self):
        """The parameters that no paired tensor reads: each entry is a law."""
        # The axes are of the response without unused parameters; without axes nothing was left out.
        read = set((self.axes or self).response.leaves)
        return [leaf for leaf in self.response.leaves if leaf not in read]

    @property
    def blame(self):
        """The segments whose bounds do not meet, as text."""
        return [
            f"{' '.join(segment.names)}: between {segment.found.laws} and "
            f"{segment.found.dimension - segment.found.rank} laws; {segment.found.reason}"
            for segment in self.segments
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
        if self.response is not self.given or any(segment.axes is None for segment in self.segments) or self._unused():
            return None
        listed = [(segment.axes, family) for segment in self.segments for family in segment.found.families]
        numbers = [family.number(list(axes.sizes)) for axes, family in listed]
        # A law over an index has the entries of its parameters with one value of it.
        terms = sum(
            number * sum(axes.leaves[leaf].size for leaf, _, _ in family.parts)
            // (axes.sizes[family.classes[0]] if family.classes else 1)
            for number, (axes, family) in zip(numbers, listed)
        )
        if terms > most_terms or sum(numbers) != self.laws:
            return None
        # Each family numbers the parameters of its own segment; here they get their places in the state.
        starts, laws = _starts(self.response.leaves), []
        for axes, family in listed:
            place = [starts[leaf.name] + i for leaf in axes.leaves for i in range(leaf.size)]
            for law in family.polynomials(axes, axes.leaves, list(axes.sizes)):
                laws.append({tuple(sorted(place[i] for i in monomial)): value for monomial, value in law.items()})
        return [dict(sorted(law.items())) for law in laws]

    def matrix_laws(self, names=()):
        r"""
        Return the families of independent laws as matrix expressions with values; equal segments are listed one by one.

        INPUT: ``names`` -- how the parameters are called, in order (default: as in the graph)
        """
        found, called, places = [], self._called(names), self._places()
        for segment in self.segments:
            if segment.axes is None:
                if segment.found.laws:
                    found += [_entries(*leaf, called, places) for leaf in zip(segment.names, segment.leaf_sizes)]
                continue
            axes = segment.axes
            leaves = [(leaf.name, tuple(axes.sizes[c] for c in flat(axes, leaf))) for leaf in axes.leaves]
            listed = [
                replace(matrix_law(family, axes, called), form=form_of(signed(family, axes), leaves, places))
                for family in segment.found.families
            ]
            found += listed
            more = segment.found.laws - sum(law.independent for law in listed)
            if more > 0:
                # Laws of chains and stars, and those of one field, are no families.
                words = ", ".join(called[name] for name in segment.names)
                found.append(MatrixLaw(f"{more} more in {words}, not written", "", "", more, more))
        return found + [_entries(leaf.name, leaf.size, called, places) for leaf in self._unused()]

    def _called(self, names):
        """Return how each part of a parameter is called."""
        names = dict(zip((leaf.name for leaf in self.given.leaves), names))
        return {
            part: names.get(origin, origin) + part.removeprefix(origin) for part, (origin, _) in self.origins.items()
        }

    def _places(self):
        """Return where each part lies in the state: start and shape of the parameter, ranges of its axes."""
        starts, shapes = _starts(self.given.leaves), {leaf.name: leaf.shape for leaf in self.given.leaves}
        return {part: (starts[name], shapes[name], ranges) for part, (name, ranges) in self.origins.items()}


def _starts(leaves):
    """Return where each parameter begins in the state."""
    return dict(zip((leaf.name for leaf in leaves), accumulate((leaf.size for leaf in leaves), initial=0)))


def _entries(name, size, called, places):
    return MatrixLaw(called[name], in_mathematics(called[name]), "", size, size, form=entries_form(places[name]))


def _of_segment(axes, opened, generator, deadline):
    """Return what is proved of a segment; where something was opened in it, its laws alone."""
    alone = not opened and has_one_field(axes.response)
    # Terms that cancel leave no field: only one that is seen has rank one.
    if alone and is_seen_to_move(FlowFamily(axes.response, axes.response.names), generator):
        return _of_one_field(axes, generator)
    # An opened segment has more fields than the network: its laws are laws, its rank is no bound.
    if opened or shears(axes):
        kept = certified(axes, families(axes), generator)
        number = sum(family.number(list(axes.sizes)) for family in kept)
        found = Grown(dimension(axes, axes.sizes), number, 0, tuple(kept), {}, opened or "its means are not zero")
        found = found if opened else by_shears(axes, found, generator, deadline)
        if opened or found.proved:
            return found
    found = grown(axes, generator, deadline)
    found = found if found.proved else _otherwise(axes, found, generator, deadline)
    # A field that is not seen to move is taken for none, and there is nothing to compute.
    return found if found.proved or alone else at_true_size(axes, found, generator, deadline)


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
    # To them outputs of a softmax would be free data.
    if any(isinstance(node, SumOne) for node in axes.order):
        return found
    structure = structure_of(FlowFamily(axes.response, axes.response.names))
    if structure is None:
        return found
    rank, laws, chains = structure.with_chains(generator, deadline)
    # Both ways prove lower bounds of the same two numbers, so that the better one of each holds.
    rank, laws = max(rank, found.rank), max(laws, found.laws)
    if rank + laws != found.dimension:
        return replace(found, rank=rank, laws=laws)
    formula = chains and chain_formula(structure.classes, chains)
    return replace(found, rank=rank, laws=laws, reason=None, formula=formula)


def width_of(family):
    """Return a family taken apart, ``None`` where that is not known: it is for gradient flows of networks in the
    Euclidean metric."""
    if (
        type(family) is not FlowFamily
        or getattr(family, "variety", None) is not None
        or family.drift is not None
        or family.constants
        or family.first_forced
        or family.first_parameter
        or family.metric is not None
        or not isinstance(family.response, NetworkResponse)
    ):
        return None
    # The structure is that of the coarse reading, where it is known to count what the exact one does.
    coarse = family.response.coarse
    response = family.response if coarse is None or coarse.forgotten else coarse
    try:
        # In a small network the dense route decides what is doubtful; in a large one the doubtful cuts are opened.
        if (reason := doubt(response)) is not None:
            raise Unknown(reason)
        return TrueWidth(response)
    except Unknown as reason:
        logger.info("the axes of the network are not known: %s", reason)
        return TrueWidth(response, opening=True) if response.dimension > _MOST_DENSELY else None
