r"""
The laws that are watched along training: polynomials in the coordinates of a flow's state, evaluated in floating point.
"""
from dataclasses import dataclass

from ..engine.api import conservation_laws
from ..exact.arithmetic import FloatArithmetic
from ..exact import terms as sparse
from ..expressions.polynomials import polynomials_of_one_ring
from ..flows.carried import carried
from ..notation.readable import readable
from ..results.laws import ConservationLaws
from ..runtime.errors import InputError, first_few


@dataclass(frozen=True)
class Observables:
    """
    Laws in the coordinates of a state.

    - ``terms``, ``texts`` -- the laws, sparse and as text

    - ``groups`` -- the label of each law, ``""`` unless they were given as a dictionary

    - ``conserved`` -- for each, whether the flow conserves it, decided exactly; ``None`` where there is no flow
    """

    terms: tuple
    texts: tuple
    groups: tuple
    conserved: tuple
    dimension: int

    def evaluator(self):
        """Return a function of states ``(..., dimension)`` to values ``(..., laws)``."""
        return _evaluator(self.terms, self.dimension)

    def quadratic_parts(self):
        r"""
        Return a function to the quadratic parts of the laws: what a step adds, by
        `h(\theta - \eta v) = h(\theta) + \eta^2 h_2(v)`.
        """
        parts = [{monomial: value for monomial, value in law.items() if len(monomial) == 2} for law in self.terms]
        return _evaluator(parts, self.dimension)

    def predictable(self):
        r"""
        Say for each law whether a first-order step changes it by `\eta^2 h_2` exactly: it is conserved and of degree
        two at most.
        """
        # ``None`` is not known: the part of the change that is linear in the step may then stay.
        return tuple(kept is True and sparse.degree(law) <= 2 for law, kept in zip(self.terms, self.conserved))


def _evaluator(polynomials, dimension):
    # One map for all laws: they share monomials, which are evaluated once.
    A, compiled = FloatArithmetic(), sparse.PolynomialMap(polynomials, dimension)
    return lambda z: compiled(A, z)


def observables(problem, laws=None, search=None, known=True):
    r"""
    Return the laws to watch.

    INPUT:

    - ``problem`` -- the problem of the network, the flow and the loss

    - ``known`` -- whether the problem's family is that of the optimiser; if not, what is conserved is ``None``

    - ``laws`` -- ``None``: the independent laws found by ``search()``; polynomials (of Sage or SymPy, or strings) in
      names of the state; a :class:`ConservationLaws`, perhaps of another flow; or a dictionary of such, by labels
    """
    if not isinstance(laws, dict):
        laws = {"": laws}
    terms, groups, conserved = [], [], []
    family = problem.family
    for label, some in laws.items():
        if some is None:
            found = search()
            # Just found for this flow, and proved there.
            some, kept = _independent(found), True
        elif isinstance(some, ConservationLaws):
            some, kept = _of_another(family, some.problem.family, _independent(some)), False
        else:
            ring, polynomials = polynomials_of_one_ring([some] if isinstance(some, str) else some, "laws")
            some, kept = _placed(family, ring.variable_names(), map(sparse.from_sage, polynomials)), False
        terms += some
        groups += [str(label)] * len(some)
        if not known:
            conserved += [None] * len(some)
        else:
            conserved += [True] * len(some) if kept else family.conserved(some)
    # An exponential of the time is shown as one, and not as the coordinate that stands for it.
    clock = None if family.time is None else family.names[family.time]
    texts = [readable(problem.law(law), clock, family.rate) for law in terms]
    return Observables(tuple(terms), tuple(texts), tuple(groups), tuple(conserved), family.dimension)


def _independent(found):
    return [found.terms[i] for i in found.independent]


def _of_another(family, own, laws):
    """Return the laws of another flow in the coordinates of the state; their clock may be another one."""
    out = []
    for law in laws:
        same = carried(law, own, family)
        if same is None:
            # A name that is missing is the better reason, and is told here.
            _placed(family, own.names, [law])
            raise InputError(
                f"a law of the other flow depends on its own clock or momenta, which are not those of this one "
                f"({first_few(family.names)}); leave it out"
            )
        out.append(same)
    return out


def _placed(family, names, polynomials):
    """Return polynomials in other names in the coordinates of the state."""
    place = {name: i for i, name in enumerate(family.names)}
    out = []
    for terms in polynomials:
        for i in {i for monomial in terms for i in monomial}:
            if names[i] not in place:
                raise InputError(
                    f"the law has the variable {names[i]}, which is not a coordinate of the state "
                    f"({first_few(family.names)})"
                )
        # A monomial is a sorted tuple of coordinates; in the new order it may not be sorted.
        out.append({tuple(sorted(place[names[i]] for i in monomial)): value for monomial, value in terms.items()})
    return out


def search(network, flow, loss, seed):
    """Return a function that finds the laws of a flow when it is called."""
    return lambda: conservation_laws(network, flow=flow, loss=loss, seed=seed)
