r"""
Any width: the network falls into segments, and each grows from a small one to its true size.
"""
from ..strategy import Strategy
from .limits import DENSE_COORDINATES, SEARCH_COORDINATES, numbers_in_time, structure_first

# What results record as the method where a small network proves the large one.
GROWN = "grown from small widths"


# Terms of laws that are written out: a million take a few seconds. A ring of Sage takes 4 s for the generators of 20000
# variables and the square of that beyond: half a million never end.
_MOST_TERMS, _RING_COORDINATES = 1_000_000, 20_000

_WORDS = "symmetries of the graph: quadratic and affine laws; with the rank, every law is a function of them"


class AnyWidth(Strategy):
    """The number of laws of the segments of a network, each proved from small widths."""

    name = "any width"
    order = 8
    algorithms = ("modular",)

    def reason_against(self, question, bounds):
        """Return why segments are not asked."""
        n = question.family.dimension
        if bounds.meet and question.search is None:
            return "the bounds meet"
        if question.search is not None and not question.all_of_degree_two():
            return "it knows the laws of degree 2, and others are sought"
        if not question.proof and n <= DENSE_COORDINATES:
            return "no proof is asked for"
        if n <= SEARCH_COORDINATES and not structure_first(question):
            return f"a search in {n} coordinates is as fast"
        if question.search is not None and n <= DENSE_COORDINATES and question.structure is not None:
            return "the structure knows the laws one by one"
        return None if question.width is not None else "the axes of the network are not known"

    def run(self, question, bounds):
        """Give the rank, and how many laws there are at least."""
        if question.family.dimension <= SEARCH_COORDINATES:
            numbers_in_time(question.width, question, bounds, self.name)
            return
        found = question.width.counted(question.generator(self.name), question.deadline)
        bounds.rank_is_at_least(found.rank, self.name, method=GROWN)
        bounds.number_is_at_least(found.laws, self.name)
        bounds.formula, bounds.blame = found.formula(), tuple(found.blame)
        bounds.families = tuple(found.matrix_laws(question.parameter_names))
        # Families may leave laws out where the bounds do not meet: then they are no list of all.
        if question.search is not None and bounds.meet:
            self._laws(question, bounds, found)
        question.deadline.check(rank_at_least=found.rank, laws_at_least=found.laws)

    def _laws(self, question, bounds, counted):
        """Give the laws one by one where they can be written; with the rank, all others are functions of them."""
        small = question.family.dimension <= _RING_COORDINATES
        found = counted.polynomials(_MOST_TERMS) if small else None
        if found is not None:
            bounds.laws_are(found, range(len(found)), _WORDS, self.name)
        else:
            bounds.searched = _WORDS
