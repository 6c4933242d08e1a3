r"""
What the graph of a network shows: laws by symmetries, ranks at sparse points, without a search and without dense rows.
"""
from ...exact.primes import random_prime
from ...laws.independence import independent_laws
from ...runtime.errors import InputError
from ..strategy import Strategy
from .limits import DENSE_COORDINATES, SEARCH_COORDINATES, numbers_in_time, structure_first, structure_seconds

# What results record as the method where rows were sparse.
SPARSE = "sparse point"


class StructureOfGraph(Strategy):
    """Laws and a rank that the structure of a family gives, where it has one."""

    name = "structure"
    order = 10
    algorithms = ("modular",)

    def reason_against(self, question, bounds):
        """Return why the structure is not asked."""
        n = question.family.dimension
        if bounds.meet and (question.search is None or bounds.searched is not None):
            return "the bounds meet"
        if question.search is None and not question.proof and n <= DENSE_COORDINATES:
            return "no proof is asked for"
        if n <= SEARCH_COORDINATES and question.search is not None and not structure_first(question):
            return f"a search in {n} coordinates is as fast"
        if question.search is not None and not question.all_of_degree_two():
            return "it knows the laws of degree 2, and others are sought"
        return None if question.structure is not None else "the structure of the family is not known"

    def cost(self, question, bounds):
        """Estimate the reading of the graph."""
        return structure_seconds(question.family)

    def run(self, question, bounds):
        """Give laws, how many there are at least, and a rank."""
        if question.family.dimension <= SEARCH_COORDINATES and question.search is not None:
            numbers_in_time(question.structure, question, bounds, self.name)
            return
        structure, deadline = question.structure, question.deadline
        generator = question.generator(self.name)
        # The numbers first: they take a second where writing a list of laws down takes minutes.
        rank, laws = structure.bounds(generator, deadline)
        deadline.check(rank_at_least=rank, laws_at_least=laws)
        found = structure.laws(generator, deadline) if question.search is not None else None
        if found is not None:
            deadline.check(found=tuple(found), found_up_to=question.degree)
        elif question.search is not None:
            # Nothing is known of all polynomials of this degree: the search has to find them, and its own rank follows.
            return
        bounds.rank_is_at_least(rank, self.name, method=SPARSE)
        bounds.number_is_at_least(laws, self.name)
        if found is not None:
            bounds.laws_are(found, self._independent(found, laws, question), question.words(), self.name)

    def _independent(self, found, laws, question):
        if laws == len(found):
            # As many laws as are independent: all of them.
            return range(len(found))
        n = question.family.dimension
        if len(found) * n > DENSE_COORDINATES ** 2:
            raise InputError(f"the independence of {len(found)} laws in {n} coordinates needs about "
                             f"{56e-9 * len(found) * n:.0f} GB of memory; count gives their number")
        generator = question.generator(f"{self.name}: independence")
        return independent_laws(found, n, generator, random_prime(generator))
