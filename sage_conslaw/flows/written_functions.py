r"""
Networks with functions of parameters, like a gate `\tanh(a)`, as systems in which the functions are coordinates.

For `\tanh(a) V x` the response is `\sum_{ij} s_i x_j\, t V_{ij}` with `t = \tanh(a)`; its gradient has the component
`\partial_a = t' \sum s_i x_j V_{ij}`.  The coefficients of the data span the control fields, here written with
`\sinh(a)` and `\cosh(a)`, on which `|V|^2 - \sinh(a)^2` is a polynomial law; with a sigmoid it is `|V|^2 - 2 a -
2 e^a`, with an exponential `|V|^2 - 2 a`.
"""
from .._sage import QQ, PolynomialRing
from ..graph.operations.parameter_function import ParameterFunction
from ..graph.response import NetworkResponse
from ..graph.tensor import Data, Parameter
from ..inputs.systems import system
from ..runtime.errors import NotCovered

# A function by others that give polynomial laws, and its derivative by its value.
WRITTEN = {"exp": "exp({0})", "tanh": "sinh({0})/cosh({0})", "sigmoid": "exp({0})/(1 + exp({0}))"}
SLOPES = {"exp": lambda y: y, "tanh": lambda y: 1 - y**2, "sigmoid": lambda y: y - y**2}


def functions_in(response) -> list:
    """Return the nodes of a response that are functions of parameters alone."""
    return [node for node in getattr(response, "order", ()) if isinstance(node.operation, ParameterFunction)]


def written_family(response):
    """Return the gradient flow of a response with functions of its parameters as a family on a variety."""
    unknown = next((n.operation.name for n in functions_in(response) if n.operation.name not in WRITTEN), None)
    if unknown is not None:
        raise NotCovered(f"laws with the function {unknown} of parameters are not searched; known are "
                         f"{', '.join(WRITTEN)}")
    free, values = _with_values_free(response)
    names, trained = list(free.names), response.dimension
    ring = PolynomialRing(QQ, names, len(names))
    # Each value of a function is a variable for now, with its slope, its argument and the text that is put in its
    # place.
    of = {}
    for (function, argument), y in zip(_arguments(response, values), ring.gens()[trained:]):
        of[str(y)] = (SLOPES[function](y), ring(argument), WRITTEN[function].format(f"({argument})"))
    # The coefficients of the data span the fields at each point; equal ones are one control.
    controls = [[_written(ring, field, i, trained, of) for i in range(trained)]
                for field in free.gradient_coefficients()]
    return system(names[:trained], controls=[list(row) for row in dict.fromkeys(map(tuple, controls))])


def _written(ring, field, i, trained, of):
    """Return a component of a control field as text: the derivative of a coefficient, also through the functions."""
    total = ring(field[i])
    for j, (slope, argument, _) in enumerate(of.values(), start=trained):
        moved = argument.derivative(ring.gen(i))
        # The chain rule through y = f(a): the component at y times f'(a) da.
        if moved:
            total += ring(field[j]) * slope * moved
    names = [str(g) for g in ring.gens()]
    terms = []
    for exponents, value in total.dict().items():
        factors = [f"({value})"]
        for name, e in zip(names, exponents):
            if e:
                factors.append(f"({of[name][2]})^{e}" if name in of else f"{name}^{e}")
        terms.append("*".join(factors))
    return " + ".join(terms) or "0"


def _with_values_free(response):
    """Return the response with a parameter of its own for every value of a function, and these by node."""
    values, new = {}, {}
    for node in response.order:
        if isinstance(node.operation, ParameterFunction):
            new[node] = values[node] = Parameter(_fresh(response, len(values)), node.shape)
        else:
            new[node] = node.with_inputs([new[child] for child in node.inputs])
    pairings = [(new[node], new[covector]) for node, covector in response.pairings]
    return NetworkResponse([*response.leaves, *values.values()], pairings), values


def _fresh(response, number):
    name = f"value_{number}"
    while any(leaf.name.startswith(name) for leaf in response.leaves):
        name += "_"
    return name


def _arguments(response, values):
    """Return, for each entry of each value, the name of its function and the argument as a polynomial."""
    out = []
    for node in values:
        (source,) = node.inputs
        # The slope of an inner function would be needed in that of the outer.
        if any(isinstance(inner.operation, ParameterFunction) for inner in source.ancestors()):
            raise NotCovered("laws with functions of functions of parameters are not searched")
        alone = NetworkResponse(response.leaves, [(source, Data("s", source.shape, "covector"))])
        A, theta, data = alone.polynomials()
        entries = alone.forward(A, theta, data)[source].flat
        # The argument is one of parameters alone: no power of a datum is in it.
        out += [(node.operation.name, entry.constant_coefficient()) for entry in entries]
    return out
