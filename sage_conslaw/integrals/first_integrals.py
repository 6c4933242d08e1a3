r"""
First integrals of a family of vector fields: polynomial, rational, or of Darboux type.

- Trivial: `x' = 0` keeps `x`.
- Famous: Lotka-Volterra, `x' = x(1 - y)`, `y' = y(x - 1)`, keeps `x y e^{-x - y}`: the cofactors `1 - y` and `x - 1` of
  `x` and `y` and the derivative of `-x - y` cancel.  No polynomial and no rational function is conserved.
- One that fails: van der Pol's equation has no Darboux polynomial, so no integral of these kinds in any degree.
"""
import time
from dataclasses import dataclass, field

from .._sage import SageObject, Unknown
from ..runtime.deadline import Deadline, TimeLimitReached
from ..exact import terms as sparse
from .darboux import search_darboux_polynomials
from .darboux_laws import darboux_laws, denominators, most_denominators, rational_laws
from .independence import independent_laws
from .modulo_relations import laws_modulo_relations, search_modulo_relations
from ..runtime.threads import in_sage
from ..runtime.errors import InputError, NotCovered
from ..flows.flow_family import FlowFamily
from ..flows.written_functions import functions_in, written_family
from ..engine.api import conservation_laws
from ..runtime.arguments import degree_of
from ..flows.problem import problem

KINDS = ("polynomial", "rational", "darboux")


@dataclass(frozen=True, repr=False)
class FirstIntegrals(SageObject):
    r"""
    The first integrals found, each exactly conserved, and what was searched.

    Attributes:

    - ``integrals`` -- the integrals of the kind asked for: polynomials, or :class:`DarbouxLaw`; those of the last two
      kinds are independent of each other and of ``polynomial_laws``; also by iteration and index

    - ``polynomial_laws`` -- independent polynomial laws up to the degree

    - ``darboux_polynomials`` -- the :class:`DarbouxSearch`, ``None`` for polynomial integrals

    - ``independent`` -- how many of all these laws are independent; ``state_dimension`` `N`; ``lie_dimension`` `r`, a
      proved lower bound for the rank of the Lie algebra of the fields: there are at most `N - r` independent laws of
      any kind

    - ``complete`` -- ``True`` if ``independent`` `= N - r`: every law is a function of these; else ``False`` or
      ``Unknown``

    - ``gaps`` -- what was not searched, in words

    EXAMPLES::

        sage: from sage_conslaw import first_integrals, system
        sage: r = first_integrals(system(["x", "y"], ["a*x - b*x*y", "-c*y + d*x*y"], parameters=["a", "b", "c", "d"]),
        ....:     kind="darboux", degree=1); r
        1 Darboux first integral: c*log(x) + a*log(y) - d*x - b*y
        1 independent law in 2 coordinates, complete (proved)
        searched: sums of n_i*log(p_i) and g/f, with n_i over Q(a, b, c, d) or polynomial laws, deg g <= 1, f a product
        of p_i; p_i: all irreducible
        Darboux polynomials of degree at most 1 over Q(a, b, c, d) (2 found; cofactors in the span of y, x, 1)
        sage: r.complete, list(r), r.to_dict()["integrals"]
        (True,
         [c*log(x) + a*log(y) - d*x - b*y],
         ['c*log(x) + a*log(y) - d*x - b*y'])

    What is not found is said::

        sage: first_integrals(system(["x", "y"], ["1", "x^2 + y^2 + 1"]), kind="rational", degree=1)
        no rational first integral
        0 independent laws in 2 coordinates, at most 1 exists
        searched: products of integer powers of p_i and g/f, with deg g <= 1, f a product of p_i; p_i: all irreducible
        Darboux polynomials of degree at most 1 over Q (none found; cofactors in the span of y, x, 1)

    As plain data::

        sage: record = first_integrals(system(["x", "y"], ["2*x", "3*y"]), kind="rational", degree=1,
        ....:     seed=0).to_dict()
        sage: record["integrals"], record["complete"], record["darboux_polynomials"]
        (['x^3/y^2'], True, [{'cofactors': ['2'], 'polynomial': 'x'}, {'cofactors': ['3'], 'polynomial': 'y'}])
    """

    kind: str
    degree: int
    integrals: tuple
    polynomial_laws: tuple
    darboux_polynomials: object
    independent: int
    state_dimension: int
    lie_dimension: int
    complete: object
    gaps: tuple
    parameters: tuple
    seed: int
    seconds: float = field(compare=False)
    timed_out: bool = False
    # What coordinates stand for, where the system was written with functions.
    coordinates: tuple = ()

    @property
    def searched(self):
        """What was searched, in words."""
        over = f"Q({', '.join(self.parameters)})" if self.parameters else "Q"
        if self.kind == "polynomial":
            return f"all polynomials of degree at most {self.degree} over {over}"
        quotients = f"deg g <= {self.degree}, f a product of p_i"
        what = {
            "rational": f"products of integer powers of p_i and g/f, with {quotients}",
            "darboux": f"sums of n_i*log(p_i) and g/f, with n_i over {over} or polynomial laws, {quotients}",
        }[self.kind]
        return f"{what}; p_i: {self.darboux_polynomials}" + "".join(
            f"; {gap}" for gap in self.gaps if gap not in self.darboux_polynomials.gaps
        )

    def __iter__(self):
        return iter(self.integrals)

    def __len__(self):
        return len(self.integrals)

    def __getitem__(self, index):
        return self.integrals[index]

    def _repr_(self):
        name = "Darboux" if self.kind == "darboux" else self.kind
        number = len(self.integrals)
        listed = ": " + ", ".join(map(str, self.integrals)) if number else ""
        lines = [f"{number or 'no'} {name} first integral{'s' if number > 1 else ''}{listed}"]
        most = self.state_dimension - self.lie_dimension
        end = "complete (proved)" if self.complete is True else f"at most {most} exist{'s' if most == 1 else ''}"
        polynomials = (
            f" with the polynomial ones of degree at most {self.degree}"
            if self.kind != "polynomial" and self.polynomial_laws
            else ""
        )
        lines.append(
            f"{self.independent} independent law{'s' if self.independent != 1 else ''} "
            f"in {self.state_dimension} coordinate{'s' if self.state_dimension != 1 else ''}{polynomials}, {end}"
        )
        if self.coordinates:
            lines.append("where " + ", ".join(f"{name} = {text}" for name, text in self.coordinates))
        return "\n".join([*lines, f"searched: {self.searched}"])

    def _latex_(self):
        from sage.misc.latex import latex
        lines = r" \\ ".join(str(latex(law)) for law in self.integrals)
        return r"\begin{array}{l} " + (lines or rf"\text{{no {self.kind} first integral}}") + r" \end{array}"

    def to_dict(self):
        """Return the result as plain data, for JSON."""
        found = self.darboux_polynomials
        return {
            "kind": self.kind,
            "degree": self.degree,
            "integrals": [str(law) for law in self.integrals],
            "parts": None if self.kind == "polynomial" else [law.to_dict() for law in self.integrals],
            "polynomial_laws": [str(law) for law in self.polynomial_laws],
            "darboux_polynomials": None
            if found is None
            else [
                {"polynomial": str(d.polynomial), "cofactors": [str(c) for c in d.cofactors]} for d in found.polynomials
            ],
            "cofactor_space": None if found is None else list(found.space),
            "independent": self.independent,
            "state_dimension": self.state_dimension,
            "lie_dimension": self.lie_dimension,
            "number_at_most": self.state_dimension - self.lie_dimension,
            "complete": self.complete if isinstance(self.complete, bool) else None,
            "searched": self.searched,
            "search_finished": not self.gaps,
            "gaps": list(self.gaps),
            "time_limit_reached": self.timed_out,
            "coordinates": dict(self.coordinates),
            "parameters": list(self.parameters),
            "seed": self.seed,
            "seconds": round(self.seconds, 3),
        }


@in_sage
def first_integrals(
    data: object, *, degree: int | None = 2, kind: str = "polynomial", flow: object = None, loss: str | None = None,
    seed: int | None = None, time_limit: float | None = None, progress: bool = False,
) -> FirstIntegrals:
    r"""
    Find first integrals, each one proved conserved for all parameter values, and say what was searched and whether
    there are others.

    INPUT:

    - ``data`` -- what :func:`conservation_laws` takes: a family as from :func:`system`, `\phi` as a list of
      polynomials, or a network

    - ``degree`` -- degree of the polynomials, or of the Darboux polynomials and of the exponent

    - ``kind`` -- ``"polynomial"``: all of them up to the degree; ``"rational"``: products of integer powers of Darboux
      polynomials, and `g / f` with such products `f`; ``"darboux"``: `\sum n_i \log p_i + g / f`, where the `n_i` may
      be polynomial laws

    - ``flow``, ``loss``, ``seed`` -- as for :func:`conservation_laws`

    - ``time_limit`` -- seconds; a search for Darboux polynomials that reaches it ends with what was found, and says so

    - ``progress`` -- whether to show on standard error that the search goes on

    Darboux polynomials are searched over Q(k).  Those over an extension are found with their conjugates, as the factors
    of their product: over quadratic ones they enter as arc tangents or logarithms, over other number fields as sums
    over roots, where the product has degree at most 8 and there are no parameters.

    EXAMPLES::

        sage: from sage_conslaw import first_integrals, flows, networks, system
        sage: sir = system(["S", "I", "R"], ["-b*S*I", "b*S*I - g*I", "g*I"], parameters=["b", "g"])
        sage: first_integrals(sir, degree=1).integrals
        (S + I + R,)
        sage: list(first_integrals(sir, degree=1, kind="darboux"))
        [g*log(S) + b*R]

    A mirror flow whose coordinates are Darboux polynomials::

        sage: R.<u, v> = QQ[]
        sage: first_integrals([u*v], flow=flows.gradient(metric=[u^2, v^2]), kind="rational", degree=1).integrals
        (u/v,)

    The law of non-negative matrix factorisation that is no polynomial, from `\log(U/V) / (U - V)`: with it the list is
    complete::

        sage: r = first_integrals(networks.nmf(1, 2, 1), kind="darboux", degree=1)
        sage: r.integrals, r.independent, r.complete
        ((...,), 3, True)
        sage: first_integrals(sir, kind="elliptic")
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: kind 'elliptic' is not known; choose 'polynomial', 'rational' or 'darboux'
    """
    start = time.perf_counter()
    if kind not in KINDS:
        raise InputError(f"kind {kind!r} is not known; choose 'polynomial', 'rational' or 'darboux'")
    degree, deadline = degree_of(degree), Deadline(time_limit, progress)
    try:
        return _found(data, degree, kind, flow, loss, seed, deadline, start)
    finally:
        deadline.close()


def _found(data, degree, kind, flow, loss, seed, deadline, start):
    family = problem(data, flow, loss).family
    if isinstance(family, FlowFamily) and functions_in(family.response):
        if family.drift is not None or family.metric is not None:
            raise NotCovered("functions of parameters are covered for Euclidean gradient flow alone")
        # sin(q) and the like become coordinates with relations, on which the field is polynomial.
        data, flow, loss = written_family(family.response), None, None
        family = data
    try:
        known = conservation_laws(data, flow=flow, loss=loss, degree=degree, seed=seed, time_limit=deadline.remaining(),
                                  proof=kind == "polynomial")
    except TimeLimitReached as reached:
        raise TimeLimitReached(deadline.limit, reached.partial) from None
    laws, independent, complete = tuple(known.laws), len(known.independent), known.complete
    found, gaps, timed_out = None, (), False
    if kind != "polynomial":
        found, laws, gaps, timed_out = _beyond_polynomials(family, degree, kind, known, deadline)
        independent += len(laws)
        # Without the proof by closure the rank is a lower bound; only equality says something.
        complete = Unknown
    if independent + known.lie_dimension == known.state_dimension:
        # m independent laws and rank r leave N - r >= m >= N - r, whatever was searched.
        complete = True
    return FirstIntegrals(
        kind, degree, laws, tuple(known.laws[i] for i in known.independent), found, independent, known.state_dimension,
        known.lie_dimension, complete, gaps, tuple(family.names[i] for i in family.constants), known.seed,
        time.perf_counter() - start, timed_out, tuple(family.meaning.items()),
    )


def _beyond_polynomials(family, degree, kind, known, deadline):
    """
    Return the search for Darboux polynomials, the laws made of them that are independent of the polynomial ones, what
    was not searched, and whether time ran out.
    """
    rational, bound = kind == "rational", family.variety is not None and bool(family.variety.relations)
    found = search_darboux_polynomials(family, degree, deadline, known.seed)
    if bound:
        found = search_modulo_relations(family, degree, found, deadline)
    gaps, timed_out = found.gaps, found.timed_out
    moving = [i for i in range(family.dimension) if i not in family.constants]
    most = most_denominators(family, degree, rational)
    # After a complete search rational laws are products alone, and no denominators are tried.
    if not (rational and found.complete) and len(denominators(found.polynomials, degree, moving)) > most:
        gaps = (*gaps, f"quotients with more than {most} denominators")
    # Laws that are functions of the polynomial ones are no news.
    own = [sparse.to_sage(known.terms[i], family.ring()) for i in known.independent]
    try:
        if bound:
            laws = laws_modulo_relations(family, degree, found.polynomials, rational, deadline)
            laws = independent_laws(family, own, laws)
        elif rational:
            laws = rational_laws(family, degree, deadline, found.polynomials, own, not found.complete)
        else:
            laws = darboux_laws(family, degree, deadline, found.polynomials, own)
    except TimeLimitReached as reached:
        laws, gaps, timed_out = (), (*gaps, f"the time limit of {reached.limit} s ended the search for laws"), True
    return found, tuple(laws), gaps, timed_out
