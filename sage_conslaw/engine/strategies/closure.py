r"""
Closure over the field of rational functions: what random points make probable, proved.
"""
from ...rank.symbolic import symbolic_lie_rank
from ..strategy import Strategy
from .limits import bound_by_relations

# The closure is tried unasked only where it takes well under a second.
# In 8 coordinates any rank, in 24 a rank of at most 5: measured below 0.3 s.
_COORDINATES, _RANK = 8, 5

# Brackets multiply terms: 424 in two fields and words of five letters took over a minute.
_TERMS = 1_000_000

# A minor of rank 5 with 300 million terms took all memory; with these it takes half a second.
MOST_TERMS = 300_000


def costly(family, rank, letters):
    """Return why brackets of so many letters of polynomial fields are not computed unasked, else ``None``."""
    n = family.dimension
    if n > _COORDINATES and (n > 3 * _COORDINATES or rank > _RANK):
        return f"brackets in {n} coordinates with rank {rank} may take long; ask for algorithm='symbolic'"
    terms = _terms(family)
    if n > 3 and terms ** max(1, letters - 1) > _TERMS:
        return f"brackets of fields with {terms} terms may take long; ask for algorithm='symbolic'"
    return None


def _terms(family):
    return max((sum(len(f.dict()) for f in field if f) for field in family.polynomial_fields()), default=0)


class Closure(Strategy):
    """An upper bound of the rank by exact brackets, in few coordinates."""

    name = "closure"
    order = 70

    def reason_against(self, question, bounds):
        """Return why closure is not proved."""
        if bounds.meet:
            return "the bounds meet"
        if not bounds.stopped_growing:
            return "the rank has not stopped growing"
        if not question.family.is_polynomial:
            return "the fields are not polynomials"
        if not question.proof:
            return "no proof is asked for"
        if bound_by_relations(question.family) and question.family.constants:
            return "relations over Q(k) bind the coordinates"
        return costly(question.family, bounds.rank_at_least, len(bounds.sequence))

    def cost(self, question, bounds):
        """Estimate the brackets by the terms that their components may have: a million take under a second."""
        return 1e-6 * min(_TERMS, _terms(question.family) ** max(1, len(bounds.sequence) - 1))

    def run(self, question, bounds):
        """Prove that the rank found is the generic one."""
        family = question.family
        variety = family.variety if bound_by_relations(family) else None
        fields = family.polynomial_fields() if variety is None else variety.fields(family.sparse_fields())
        generator = question.generator(self.name)
        exact = symbolic_lie_rank(fields, generator, question.deadline, variety=variety, most_terms=MOST_TERMS)
        # Without a proof the rank is one at another random point, which the words had.
        if exact.proved:
            bounds.rank_is_at_least(exact.rank, self.name, exact.sequence)
            bounds.rank_is_at_most(exact.rank, self.name)
