r"""
Functions of each entry, with the operations of PyTorch that they are written in, on every arithmetic.

A cut keeps its function as a tree of operations: ``where(x > 0, x, exp(x) - 1)``.  Run on doubles, balls and duals over
both the tree gives true values and, on duals, true slopes, so that what is proved of the model can be proved of the
module.  One line of a table reads an operation; what has no line is not known, and nothing is said of its slopes.  The
trivial case: ``mul(x, 0.5)``.  The famous one: ELU, whose two pieces meet at zero, where nothing is decided.  One that
is not read: ``digamma(x)``.
"""
from fractions import Fraction

import numpy as np

from ..exact.arithmetic import Dual, DualArithmetic
from ..exact.balls import Undecided, innermost, signs_of
from ..graph.true_functions import Reading

# Operations that are analytic everywhere, powers with their exponents aside; a line of the table that is not named here
# has pieces, roots or poles.
_ANALYTIC = frozenset(
    "add sub rsub mul neg square exp exp2 expm1 sin cos atan sinh cosh tanh erf erfc sigmoid silu mish log_sigmoid "
    "log_sigmoid_forward pow".split()
)

# Operations that are analytic where they are defined: without any other, a tree is one formula.
_ONE_FORMULA = _ANALYTIC | frozenset(
    "gelu softplus logaddexp special_expit sqrt rsqrt reciprocal div log log2 log1p".split()
)

# PyTorch's softplus is the identity above this unless another number is given: less than 1/10^8 from it.
_SOFTPLUS_THRESHOLD = 20


def _number(A, value):
    return A.reshape(A.fractions([Fraction(value)]), (1,), ())


def _piece(A, z, low, high):
    """Return ``high`` where entries are positive, ``low`` where they are negative."""
    signs = signs_of(innermost(z))
    if not signs.all():
        raise Undecided("an entry is too close to where two pieces of a function meet")
    positive = A.embed((signs > 0).astype(np.float64))
    return A.add(low, A.multiply(positive, A.subtract(high, low)))


def _clamp(A, z, least=None, most=None):
    if least is not None:
        z = _piece(A, A.subtract(z, least), least, z)
    return z if most is None else _piece(A, A.subtract(z, most), z, most)


def _own(name):
    return lambda A, z: A.elementary(name, z)


def _product(name):
    return lambda A, z: A.multiply(z, A.elementary(name, z))


def _power(A, z, exponent):
    exponent = Fraction(exponent)
    if exponent.denominator == 2:
        # A root is a power of the inverse root.
        root = A.elementary("inverse root", z)
        return A.multiply(root, _power(A, z, exponent + Fraction(1, 2))) if exponent != -Fraction(1, 2) else root
    if exponent.denominator != 1:
        # Other powers exist for positive entries alone: the logarithm is undecided where one is not.
        return A.elementary("exp", A.scale(A.elementary("logarithm", z), exponent))
    out = _number(A, 1)
    for _ in range(abs(int(exponent))):
        out = A.multiply(out, z)
    # Whole powers of either sign of z: no logarithm is taken.
    return out if exponent >= 0 else A.elementary("inverse", out)


def _sum(A, a, b, alpha=None):
    return A.add(a, b if alpha is None else A.multiply(alpha, b))


def _difference(A, a, b, alpha=None):
    return A.subtract(a, b if alpha is None else A.multiply(alpha, b))


def _elu(A, z, alpha=None, scale=None, input_scale=None):
    alpha, scale, input_scale = (_number(A, 1) if part is None else part for part in (alpha, scale, input_scale))
    # Both pieces are computed for all entries, and a gate chooses: slopes on duals are those of the piece.
    grown = A.subtract(A.elementary("exp", A.multiply(input_scale, z)), _number(A, 1))
    return A.multiply(scale, _piece(A, z, A.multiply(alpha, grown), z))


def _hard_sigmoid(A, z):
    three = _number(A, 3)
    return A.scale(_clamp(A, A.add(z, three), _number(A, 0), _number(A, 6)), Fraction(1, 6))


def _hyperbolic(sign):
    """Return half of ``exp(z) + sign exp(-z)``."""
    def value(A, z):
        grown, shrunk = A.elementary("exp", z), A.elementary("exp", A.negate(z))
        return A.scale(A.add(grown, A.scale(shrunk, sign)), Fraction(1, 2))
    return value


def _shrink(soft):
    def value(A, z, width=None):
        width, zero = _number(A, 0.5) if width is None else width, _number(A, 0)
        lower, upper = A.add(z, width), A.subtract(z, width)
        below = _piece(A, lower, lower if soft else z, zero)
        return _piece(A, upper, below, upper if soft else z)
    return value


# What an operation does with an arithmetic and its arguments.
TABLE = {
    "add": _sum,
    "sub": _difference,
    "rsub": lambda A, a, b, alpha=None: _difference(A, b, a, alpha),
    "mul": lambda A, a, b: A.multiply(a, b),
    "div": lambda A, a, b: A.multiply(a, A.elementary("inverse", b)),
    "neg": lambda A, z: A.negate(z),
    "square": lambda A, z: A.multiply(z, z),
    "sqrt": lambda A, z: A.multiply(z, A.elementary("inverse root", z)),
    "rsqrt": _own("inverse root"),
    "reciprocal": _own("inverse"),
    "exp": _own("exp"),
    "exp2": lambda A, z: A.elementary("exp", A.multiply(z, A.elementary("logarithm", _number(A, 2)))),
    "expm1": lambda A, z: A.subtract(A.elementary("exp", z), _number(A, 1)),
    "log": _own("logarithm"),
    "log1p": lambda A, z: A.elementary("logarithm", A.add(z, _number(A, 1))),
    "sin": _own("sine"),
    "cos": _own("cosine"),
    "atan": _own("arctangent"),
    "sinh": _hyperbolic(-1),
    "cosh": _hyperbolic(1),
    "tanh": _own("tanh"),
    "erf": _own("error"),
    "erfc": lambda A, z: A.subtract(_number(A, 1), A.elementary("error", z)),
    "sigmoid": _own("sigmoid"),
    "silu": _product("sigmoid"),
    "mish": lambda A, z: A.multiply(z, A.elementary("tanh", A.elementary("softplus", z))),
    "log_sigmoid": lambda A, z: A.negate(A.elementary("softplus", A.negate(z))),
    "log_sigmoid_forward": lambda A, z: A.negate(A.elementary("softplus", A.negate(z))),
    "abs": lambda A, z: _piece(A, z, A.negate(z), z),
    "relu": lambda A, z: _piece(A, z, _number(A, 0), z),
    "leaky_relu": lambda A, z, slope=None: _piece(
        A, z, A.multiply(z, _number(A, 0.01) if slope is None else slope), z
    ),
    "clamp": _clamp,
    "clamp_min": _clamp,
    "clamp_max": lambda A, z, most: _clamp(A, z, None, most),
    "relu6": lambda A, z: _clamp(A, z, _number(A, 0), _number(A, 6)),
    "hardtanh": lambda A, z, least=None, most=None: _clamp(
        A, z, _number(A, -1) if least is None else least, _number(A, 1) if most is None else most
    ),
    "hardsigmoid": _hard_sigmoid,
    "hardswish": lambda A, z: A.multiply(z, _hard_sigmoid(A, z)),
    "elu": _elu,
    # The two numbers are those that PyTorch has.
    "selu": lambda A, z: _elu(A, z, _number(A, 1.6732632423543772), _number(A, 1.0507009873554805)),
    "celu": lambda A, z, alpha=None: _elu(A, z, alpha, None, None if alpha is None else A.elementary("inverse", alpha)),
    "softshrink": _shrink(True),
    "hardshrink": _shrink(False),
    "threshold": lambda A, z, least, value: _piece(A, A.subtract(z, least), value, z),
}


class ElementwiseReading(Reading):
    r"""
    A function of each entry by its tree of operations; ``analytic`` says whether it has no pieces, roots or poles.

    EXAMPLES::

        sage: import numpy
        sage: from sage_conslaw.exact.arithmetic import FloatArithmetic
        sage: from sage_conslaw.pytorch.readings import ElementwiseReading
        sage: from sage_conslaw.pytorch.values import Expression
        sage: elu = ElementwiseReading(Expression("aten.elu.default", (Expression(None),)))
        sage: A, z = FloatArithmetic(), numpy.array([-1.0, 2.0])
        sage: elu.value(A, z, (2r,)).round(4r), elu.pullback(A, z, numpy.ones(2r), (2r,)).round(4r)
        (array([-0.6321,  2.    ]), array([0.3679, 1.    ]))
        sage: ElementwiseReading(Expression("aten.sin.default", (Expression(None),))).analytic, elu.analytic
        (True, False)
    """

    def __init__(self, expression):
        # Without pieces, roots and poles: a real analytic function on all of the line, whose zeros have measure zero if
        # it is not zero.
        self.expression, self.analytic = expression, _names(expression) <= _ANALYTIC and _smooth(expression)

    def value(self, A, z, shape):
        """Return the function of each entry."""
        return _run(A, self.expression, z)

    def pullback(self, A, z, covector, shape):
        """Return the covector times the slope, of duals."""
        slope = _run(
            DualArithmetic(A), self.expression, Dual(z, A.constant(np.ones(shape, dtype=np.int64)))
        ).infinitesimal
        # No infinitesimal came out: the function is a constant, with slope zero.
        return A.scale(covector, 0) if slope is None else A.multiply(covector, slope)


def _run(A, expression, z):
    if expression.call is None:
        return z
    arguments = [
        _run(A, part, z) if hasattr(part, "call") else None if part is None else part if isinstance(part, str)
        else _number(A, part)
        for part in expression.arguments
    ]
    name = expression.call.split(".")[1]
    if name == "pow":
        return _power(A, arguments[0], expression.arguments[1])
    return TABLE[name](A, *arguments)


def _names(expression):
    """Return the names of all operations in a tree."""
    if expression.call is None:
        return set()
    return {expression.call.split(".")[1]}.union(*(_names(p) for p in expression.arguments if hasattr(p, "call")))


def in_one_formula(expression):
    """Say whether no operation of a tree has pieces, so that few points tell which function it is."""
    if expression.call is None:
        return True
    name, arguments = expression.call.split(".")[1], expression.arguments
    if name not in _ONE_FORMULA or name == "softplus" and len(arguments) > 2 and arguments[2] < _SOFTPLUS_THRESHOLD:
        return False
    return all(in_one_formula(part) for part in arguments if hasattr(part, "call"))


def _smooth(expression):
    """Say whether all powers in a tree are whole and not negative."""
    if expression.call is None:
        return True
    whole = expression.call.split(".")[1] != "pow" or (float(expression.arguments[1]).is_integer()
                                                      and expression.arguments[1] >= 0)
    return whole and all(_smooth(part) for part in expression.arguments if hasattr(part, "call"))


def reading_of_expression(expression):
    """Return the reading of a tree of operations, ``None`` if one of them has no line in the table."""
    known = _names(expression) <= set(TABLE) | {"pow"} and _plain(expression)
    return ElementwiseReading(expression) if known else None


def _plain(expression):
    """Say whether nothing in a tree is given by keyword or by a word."""
    # A word changes the function: ``gelu(approximate='tanh')`` is another one than GELU, and the table has one line a
    # name.
    return expression.call is None or not expression.keywords and all(
        _plain(part) if hasattr(part, "call") else not isinstance(part, str) for part in expression.arguments
    )
