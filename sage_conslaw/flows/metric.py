r"""
Metrics: the matrix `M` that moves the gradient, `\theta' = -M \nabla E` or `\theta'' + \tau \theta' = -M \nabla E`.

A metric is kept as its nonzero entries, polynomials after multiplication by a common denominator: a common
factor changes neither the laws nor the module of fields over the rational functions.
The theory needs no symmetry, and none is asked for.
"""
import numpy as np
import math
from dataclasses import dataclass, replace
from fractions import Fraction

from ..exact import terms as sparse
from ..runtime.errors import InputError, InputTypeError
from .._sage import FractionField, MPolynomial, Polynomial, PolynomialRing, QQ, matrix
from ..exact.arithmetic import ModularArithmetic
from ..exact.linear_algebra import rank
from ..exact.modular import random_array
from ..exact.primes import random_prime
from ..expressions.polynomials import parse_rational_functions, polynomials_of_one_ring
from .tau import is_exact, is_float


@dataclass(frozen=True, repr=False)
class Metric:
    r"""
    A metric on named coordinates.

    - ``entries`` -- list of ``(row, column, terms)``, polynomials in ``names``

    - ``names`` -- the coordinates the entries are written in, or ``None`` for those of the parameters

    - ``denominator`` -- the polynomial in ``names`` that the entries are divided by, or ``None`` for 1

    - ``dual`` -- whether a momentum flow takes the metric at `\tau \theta + \theta'` (mirror flows) or as it is
    """

    name: str
    size: int
    entries: tuple
    names: tuple
    dual: bool = False
    by_name: bool = False
    denominator: dict | None = None

    def arranged(self, parameters):
        """Return a metric whose rows are named, in the order of the parameters."""
        # Symbolic variables come in alphabetical order, parameters in the network's: they are matched by name.
        unknown = [name for name in self.names if name not in parameters]
        missing = [name for name in parameters if name not in self.names]
        if unknown or missing:
            raise InputError(
                f"the potential is in {', '.join(self.names[:8])}, the parameters are {len(parameters)} "
                f"({', '.join(parameters[:8])}): "
                f"{'it must depend on each, with a regular Hessian' if missing else 'rename its variables'}"
            )
        place = {name: i for i, name in enumerate(parameters)}
        row = [place[name] for name in self.names]
        return replace(self, entries=tuple((row[i], row[j], f) for i, j, f in self.entries), by_name=False)

    def __repr__(self):
        return f"{self.name} metric"


def _common(polynomials, what):
    """Return names, numerators and the common denominator (``None`` for 1) of numbers, polynomials or rational
    functions."""
    # What divides all entries is taken out: M and c M have the same laws for every function c that is not zero.
    flat = list(polynomials)
    # Sage turns 0.1 into a nearby rational without a word, and laws depend on its digits.
    if any(map(is_float, flat)):
        raise InputTypeError(f"{what} has floating-point entries; give exact rationals, e.g. 1/2 for 0.5")
    if all(isinstance(f, (str, int, Fraction)) for f in flat) and any(isinstance(f, str) for f in flat):
        names, pairs = parse_rational_functions([str(f) for f in flat])
        ring = PolynomialRing(QQ, names, len(names)) if names else PolynomialRing(QQ, "t_", 1)
        field = FractionField(ring)
        flat = [field(sparse.to_sage(a, ring)) / field(sparse.to_sage(b, ring)) for a, b in pairs]
    parents = [f.parent() for f in flat if hasattr(f, "parent")]
    rings = [
        parent.ring() if hasattr(parent, "ring") and hasattr(parent.ring(), "gens") else parent for parent in parents
    ]
    # The first ring of polynomials gives the names; numbers and smaller rings are read in it.
    rings = [ring for ring in rings if _is_polynomial_ring(ring)]
    if any(hasattr(f, "free_symbols") for f in flat):
        ring, flat = polynomials_of_one_ring(flat, what)
        return ring.variable_names(), [sparse.from_sage(f) for f in flat], None
    if not rings:
        return (), [{(): value} if value else {} for value in (_number(f, what) for f in flat)], None
    names = rings[0].variable_names()
    ring = PolynomialRing(QQ, names, len(names))
    field = FractionField(ring)
    try:
        flat = [field(f) for f in flat]
    except TypeError as error:
        raise InputTypeError(f"{what} cannot be read as rational functions of {', '.join(names)}: {error}") from None
    denominator = ring.one()
    for f in flat:
        denominator = denominator.lcm(ring(f.denominator()))
    terms = [sparse.from_sage(ring(f * denominator)) for f in flat]
    return names, terms, None if denominator.is_one() else sparse.from_sage(denominator)


def _number(value, what):
    try:
        return Fraction(str(value))
    except ValueError:
        home = f" of {value.parent()}" if hasattr(value, "parent") else ""
        raise InputTypeError(
            f"{what} contains {value}{home}; give exact numbers, polynomials or rational functions of a "
            f"Sage ring over QQ"
        ) from None


def _is_polynomial_ring(ring):
    """Say whether a Sage parent is a ring of polynomials, in one or several variables."""
    return hasattr(ring, "gen") and hasattr(ring, "base_ring") and isinstance(ring.one(), (MPolynomial, Polynomial))


def diagonal(entries, name="diagonal", dual=False):
    """Return the metric with these polynomials or rational functions on the diagonal."""
    entries = list(entries)
    names, terms, denominator = _common(entries, "the metric")
    # A parameter whose entry is zero would be conserved and counted as a law of the training.
    for i, f in enumerate(terms):
        if not f:
            raise InputError(f"the metric is singular: entry {i + 1} of its diagonal is zero; "
                             "a parameter that must not move is no parameter")
    return Metric(name, len(terms), tuple((i, i, f) for i, f in enumerate(terms)), names, dual, denominator=denominator)


def full(rows, name="matrix", dual=False):
    """Return the metric given by a square matrix of polynomials or rational functions; it need not be symmetric."""
    rows = [list(row) for row in rows]
    n = len(rows)
    for row in rows:
        if len(row) != n:
            raise InputError(f"the metric has {n} row{'s' if n != 1 else ''} and a row of {len(row)} entries; "
                             "it must be square, one row and column a parameter")
    # One denominator for all entries: it changes the time alone.
    names, terms, denominator = _common([f for row in rows for f in row], "the metric")
    _check_invertible(terms, n, len(names))
    entries = tuple((i, j, terms[i * n + j]) for i in range(n) for j in range(n) if terms[i * n + j])
    return Metric(name, n, entries, names, dual, denominator=denominator)


def _check_invertible(terms, n, dimension):
    """Refuse a matrix of polynomials whose determinant is zero: its rank modulo primes at random points is below n."""
    generator = np.random.default_rng(0)
    # A full rank at one point is a proof; a regular matrix of degree d fails thrice with probability (n d / p)^3.
    for _ in range(3):
        p = random_prime(generator)
        z = random_array(generator, (dimension,), p)
        values = sparse.PolynomialMap(terms, dimension)(ModularArithmetic(p), z)
        if rank(values.reshape(n, n), p) == n:
            return
    raise InputError("the metric is singular at generic points (its determinant is zero); give an invertible matrix")


def of_potential(potential, names=None):
    r"""
    Return the mirror metric `(\nabla^2 \psi)^{-1}` of a potential given as a Sage expression.

    INPUT:

    - ``potential`` -- a symbolic expression whose Hessian is rational

    - ``names`` -- the parameters in order (default: the variables of the expression)
    """
    if not hasattr(potential, "hessian") or not hasattr(potential, "variables"):
        raise InputTypeError(
            f"the potential {potential!r} is not a Sage expression; give e.g. u*log(u) + v^2/2 in SR variables"
        )
    variables = list(potential.variables())
    names = [str(v) for v in variables] if names is None else list(names)
    by_name = {str(v): v for v in variables}
    missing = [name for name in by_name if name not in names]
    if missing:
        raise InputError(
            f"the potential has the variable {missing[0]}, which is not a parameter ({', '.join(names[:8])})"
        )
    ring = PolynomialRing(QQ, names, len(names))
    field = FractionField(ring)
    n = len(names)
    hessian = matrix(field, n, n)
    for i, a in enumerate(names):
        for j, b in enumerate(names):
            entry = potential.diff(by_name[a]).diff(by_name[b]) if a in by_name and b in by_name else 0
            try:
                hessian[i, j] = _rational_function(entry, field)
            except (TypeError, ValueError, RuntimeError):
                # A RuntimeError where the session has loaded symbolic expressions before their functions.
                raise InputError(f"the Hessian of the potential has the entry {entry}, which is not rational; "
                                 "give the metric itself as rational functions, or other parameters") from None
    # The inverse is the metric: without it no direction would be said.
    if hessian.det().is_zero():
        raise InputError("the Hessian of the potential is singular; give a strictly convex potential")
    # Exact over the rational functions, and dense: potentials have few variables, or are sums of functions of one.
    inverse = hessian.inverse()
    entries = diagonal(inverse.diagonal()) if inverse.is_diagonal() else full(inverse.rows())
    return Metric("mirror", n, entries.entries, tuple(names), dual=True, by_name=True, denominator=entries.denominator)


def _rational_function(entry, field):
    """Return a symbolic entry as an element of the fraction field; raise where it is none."""
    if not hasattr(entry, "simplify_rational"):
        return field(entry)
    # Derivatives come as sums of quotients; as one quotient they have a numerator and a denominator.
    entry = entry.simplify_rational()
    gens = field.ring().gens_dict()

    def polynomial(part):
        part = part.polynomial(QQ)
        names = part.parent().variable_names()
        if part.is_constant():
            return field(part.constant_coefficient())
        return field(part(*(gens[name] for name in names)))
    return polynomial(entry.numerator()) / polynomial(entry.denominator())


def natural(phi, damping=0):
    r"""
    Return the natural-gradient metric `(J^T J + \lambda I)^{-1}` of a local reparameterisation with Jacobian `J`.
    """
    if not is_exact(damping):
        raise InputTypeError(f"the damping {damping!r} is not exact; give a rational such as 1/2")
    if Fraction(str(damping)) < 0:
        raise InputError(f"the damping {damping} is negative; give a rational >= 0")
    ring, components = polynomials_of_one_ring(phi, "phi")
    damping = ring(Fraction(str(damping)).numerator) / Fraction(str(damping)).denominator
    jacobian = matrix(ring, [[f.derivative(x) for x in ring.gens()] for f in components])
    gram = jacobian.transpose() * jacobian + damping * matrix.identity(ring, ring.ngens())
    # J^T J is regular iff phi determines the parameters up to finitely many; else damping makes it so.
    if gram.det().is_zero():
        raise InputError("J^T J is singular at generic points: phi does not determine the parameters; add damping=1")
    return full(gram.change_ring(FractionField(ring)).inverse().rows(), "natural")


def of_network(network, name=None):
    """
    Return the metric in which a network is trained by default: the entropy's on its positive parameters.

    INPUT:

    - ``name`` -- ``"mirror"``: the entropy on all parameters; ``"icnn"``: on the network's positive ones

    OUTPUT: a metric, or ``None`` for the Euclidean one
    """
    names = network.response().names
    if name == "mirror":
        return positive(names, range(len(names)), "mirror")
    if not network.positive:
        if name == "icnn":
            raise InputError("the icnn metric needs a network with positive parameters; "
                             f"{network.architecture} has none: choose 'euclidean' or 'mirror'")
        return None
    # What the architecture calls positive moves in the entropy's metric, the rest in the Euclidean one.
    which, start = [], 0
    for leaf, shape in network.parameters.items():
        size = math.prod(shape)
        which += range(start, start + size) if leaf in network.positive else ()
        start += size
    return positive(names, which, "mirror" if len(which) == len(names) else "icnn")


def positive(names, which, name):
    r"""Return the metric `\theta_i` on the positive parameters ``which`` and 1 on the others (ICNN)."""
    which = set(which)
    entries = tuple((i, i, {(i,) if i in which else (): Fraction(1)}) for i in range(len(names)))
    return Metric(name, len(names), entries, tuple(names), dual=True)
