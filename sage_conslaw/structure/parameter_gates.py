r"""
Laws of gradient flow with functions of parameters: quadratic in the weights, and an integral in the gate.

Let a parameter `a` enter only as `G = g(a)`, elementwise. The network with `G` itself as a parameter has polynomial
laws; take one without mixed terms, `Q(W) + \sum_i P_i(G_i)`. It says
`\langle \nabla Q, \partial_W f \rangle + \sum_i P_i'(G_i)\, \partial_{G_i} f = 0`. Gradient flow moves `a_i` along
`g'(a_i)\, \partial_{G_i} f`, so `Q(W) + \sum_i \int P_i'(g(a_i)) / g'(a_i)\, da_i` is conserved, and as many of these
are independent.

The trivial case: `\sigma(a) w x` has `w^2 - 2 a - 2 e^a`. The famous one: a residual block
`x + \tanh(a)\, V \max(0, W x)` keeps `|V|^2 - \sinh(a)^2`. One that gives nothing: `a` also enters elsewhere.
"""
from fractions import Fraction
from functools import reduce

from flint import fmpq, fmpq_mat

from .._sage import QQ, PolynomialRing
from ..exact import terms as sparse
from ..exact.linear_algebra import pivot_columns
from ..graph.activations import is_known
from ..graph.network import Network
from ..graph.replacing import replaced
from ..graph.tensor import Data, Parameter

# Twice the integral of g / g' where it is elementary.
_CLOSED = {
    "tanh": "sinh({0})^2",
    "sigmoid": "2*{0} + 2*exp({0})",
    "exp": "2*{0}",
}

# Smooth, and with a slope that is zero at isolated points at most: the integral of `P' / g'` makes sense.
FUNCTIONS = ("exp", "gelu", "sigmoid", "silu", "softplus", "tanh")


def without_functions(response):
    """Return a network with the values of functions of parameters as parameters themselves, and the function's name by
    leaf; ``None`` where there are none, or their arguments enter elsewhere too."""
    output = response.drawn.pairings[0][0]
    # Through data: a function's value is a cut, which has the parameter as its source.
    order = output.ancestors(through_data=True)
    gates = [
        node
        for node in order
        if isinstance(node, Data)
        and node.kind == "cut"
        and node.mask is None
        and isinstance(node.source, Parameter)
        and is_known(node.function)
        and node.function.name in FUNCTIONS
    ]
    sources = [gate.source for gate in gates]
    used = [child for node in order for child in node.inputs]
    used += [node.source for node in order if isinstance(node, Data) and node.source is not None and node not in gates]
    gates = [gate for gate in gates if sources.count(gate.source) == 1 and gate.source not in used]
    if not gates:
        return None
    values = {gate: Parameter(gate.source.name, gate.shape) for gate in gates}
    names = {values[gate]: gate.function.name for gate in gates}
    new = replaced(output, values)
    placed = {gate.source: new[gate] for gate in gates}
    leaves = [placed.get(leaf, leaf) for leaf in response.leaves]
    return Network("custom", (), new[output], leaves), names


def separable(laws, gated):
    """Return a basis of the combinations of laws without products of a gated coordinate with any other."""
    def mixed(monomial):
        return len(set(monomial)) > 1 and any(i in gated for i in monomial)
    places = {m: i for i, m in enumerate(sorted({m for law in laws for m in law if mixed(m)}))}
    if not laws or not places:
        return list(laws)
    # Linear algebra over Q: combinations in which the coefficient of each mixed monomial vanishes.
    matrix = fmpq_mat(len(places), len(laws))
    for j, law in enumerate(laws):
        for monomial, value in law.items():
            if monomial in places:
                matrix[places[monomial], j] = fmpq(value.numerator, value.denominator)
    return [reduce(sparse.add, (sparse.scaled(laws[j], Fraction(int(factor.p), int(factor.q)))
                                for j, factor in vector.items())) for vector in _kernel(matrix)]


def _kernel(matrix):
    """Return a basis of the right kernel, each vector with a one where no other has an entry."""
    reduced, rank = matrix.rref()
    pivots = pivot_columns(reduced, rank)
    free = [j for j in range(matrix.ncols()) if j not in pivots]
    return [
        # A reduced row says what each pivot is in terms of the free columns.
        {j: fmpq(1), **{pivot: -reduced[row, j] for row, pivot in enumerate(pivots) if reduced[row, j] != 0}}
        for j in free
    ]


def written(law, names, functions):
    r"""
    Return a separable law as text, with the integral in each gated coordinate.

    INPUT:

    - ``names`` -- of all coordinates; ``functions`` -- the name of the function by gated coordinate
    """
    # In a separable law a monomial with a gated coordinate has no other, so that its first entry tells.
    rest = {monomial: value for monomial, value in law.items() if monomial and monomial[0] not in functions}
    text = str(sparse.to_sage(rest, PolynomialRing(QQ, list(names), len(names)))) if rest else ""
    for monomial, value in sorted(law.items()):
        if not monomial or monomial[0] not in functions:
            continue
        name, function, degree = names[monomial[0]], functions[monomial[0]], len(monomial)
        # The table holds twice the integral of `g / g'`, that of a square; other degrees are written as integrals.
        if degree == 2 and function in _CLOSED:
            integral = _CLOSED[function].format(name)
        else:
            # The derivative of `G^degree`, its factor apart.
            power = {1: "1", 2: f"{function}({name})"}.get(degree, f"{function}({name})^{degree - 1}")
            factor = f"{degree}*" if degree > 1 else ""
            integral = f"{factor}integral of {power}/{function}'({name}) d{name}"
        sign = ("-" if value < 0 else "") if not text else (" - " if value < 0 else " + ")
        size = "" if abs(value) == 1 else f"{abs(value)}*"
        text += f"{sign}{size}({integral})"
    return text
