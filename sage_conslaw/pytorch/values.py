r"""
What an operation of a PyTorch graph may be given besides numbers and tensors of the graph.

Operations arrive one at a time, and some mean nothing alone.  In ``0.5 * x * (1 + tanh(...))`` each factor is a
function of one and the same ``x``: the product is one nonlinearity, a GELU, and cutting the ``tanh`` alone would leave
a product of `x` with free data behind. In ``x * rsqrt(mean(x^2) + eps)`` the three operations are one normalisation.
So values stay *pending* until something needs them:

- a :class:`Pointwise` is a function of each entry of one tensor; as long as it is a polynomial it becomes sums and
  products, else a cut;
- a :class:`SquareMean` is ``mean(x^2) + eps`` or a power of it, waiting for the ``x`` that it divides;
- a :class:`Masked` tensor has entries that a softmax must leave out;
- :class:`Tokens` are whole numbers that came in as input, of which only the places are known;
- a :class:`Loss` is a loss that the model computes itself.

EXAMPLES::

    sage: from sage_conslaw import networks
    sage: from sage_conslaw.pytorch.values import Expression, Pointwise
    sage: x = Expression(None)
    sage: Pointwise.of(networks.input(3)).polynomial
    [Fraction(0, 1), Fraction(1, 1)]

A nonlinearity that is written out is one tree; it is no polynomial, and is cut as a whole::

    sage: half = Expression("aten.mul.Tensor", (x, 0.5r))
    sage: bend = Expression("aten.add.Tensor", (Expression("aten.tanh.default", (x,)), 1r))
    sage: gelu = Expression("aten.mul.Tensor", (half, bend)); gelu.text(), gelu.polynomial
    ('mul(mul(x, 0.5), add(tanh(x), 1))', None)
    sage: Pointwise(networks.input(3), gelu).tensor(None).kind                  # optional - torch
    'cut'

The square of a sum is a polynomial, and becomes sums and products::

    sage: shifted = Expression("aten.add.Tensor", (x, 1r))
    sage: Expression("aten.pow.Tensor_Scalar", (shifted, 2r)).polynomial
    [Fraction(1, 1), Fraction(2, 1), Fraction(1, 1)]
"""
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property, reduce
from itertools import zip_longest

import numpy as np

from ..graph.activations import CUTS, CutFunction
from ..graph.tensor import Tensor
from .constants import number
from .readings import in_one_formula, reading_of_expression

# Functions of the catalog are recognised at these points to 14 digits, so that a written-out one has its own name.
_POINTS = np.linspace(-3.7, 3.9, 41)


def _sum(a, b):
    return [x + y for x, y in zip_longest(a, b, fillvalue=Fraction(0))]


def _product(a, b):
    out = [Fraction(0)] * (len(a) + len(b) - 1)
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            out[i + j] += x * y
    return out


def _power(a, exponent):
    whole = exponent[0] >= 1 and exponent[0].denominator == 1
    return reduce(_product, [a] * int(exponent[0])) if whole else None


# Operations that make polynomials of polynomials.
_POLYNOMIAL = {
    "aten.add.Tensor": _sum,
    "aten.mul.Tensor": _product,
    "aten.div.Tensor": lambda a, b: [c / b[0] for c in a] if len(b) == 1 else None,
    "aten.pow.Tensor_Scalar": _power,
}


@dataclass(frozen=True)
class Expression:
    """A function of one variable, as a tree of operations of PyTorch: ``call`` is ``None`` for the variable itself."""

    call: object
    arguments: tuple = ()
    keywords: tuple = ()

    @cached_property
    def polynomial(self):
        """The coefficients as fractions, lowest first, of a polynomial that is written with sums, products and powers;
        ``None`` for another function.  A part that occurs twice is looked at once."""
        if self.call is None:
            return [Fraction(0), Fraction(1)]
        parts = [part.polynomial if isinstance(part, Expression) else part for part in self.arguments]
        if self.call not in _POLYNOMIAL or None in parts:
            return None
        return _POLYNOMIAL[self.call](*(part if isinstance(part, list) else [number(part)] for part in parts))

    def text(self):
        """Return the function as text."""
        if self.call is None:
            return "x"
        inner = ", ".join(
            a.text() if isinstance(a, Expression) else f"{a:.6g}" if isinstance(a, float) else str(a)
            for a in self.arguments
        )
        return f"{self.call.split('.')[1]}({inner})"

    def at(self, variable):
        """Return the value at a tensor of PyTorch."""
        import torch
        if self.call is None:
            return variable
        _, name, overload = self.call.split(".")
        arguments = [a.at(variable) if isinstance(a, Expression) else a for a in self.arguments]
        return getattr(getattr(torch.ops.aten, name), overload)(*arguments, **dict(self.keywords))


def _is_power(p):
    """Return whether a polynomial is `c (z + s)^k` with `k >= 1`: `s` is then `p_{k-1} / (k p_k)`."""
    degree = len(p) - 1
    if degree < 1 or not p[-1]:
        return False
    # c (z + s)^k = c z^k + k s c z^(k-1) + ...: the two highest coefficients give c and s, and the others decide.
    power = _power([p[-2] / (degree * p[-1]), Fraction(1)], [Fraction(degree)])
    return [p[-1] * c for c in power] == p


@dataclass(frozen=True)
class ElementwiseValue:
    """The true values of a function of each entry, for arrays of numpy."""

    expression: Expression

    def __call__(self, z):
        import torch
        return self.expression.at(torch.as_tensor(np.asarray(z, dtype=np.float64))).numpy()


@dataclass(frozen=True)
class ElementwisePullback:
    """The transposed derivative of a function of each entry, by automatic differentiation."""

    expression: Expression

    def __call__(self, z, covector):
        import torch
        z = torch.as_tensor(np.asarray(z, dtype=np.float64)).clone().requires_grad_()
        # A function of each entry has a diagonal derivative: one pass back gives all slopes at once.
        (pulled,) = torch.autograd.grad(
            self.expression.at(z), z, torch.as_tensor(np.asarray(covector, dtype=np.float64)).expand(z.shape)
        )
        return pulled.numpy()


def function_of(expression):
    """Return the nonlinearity that an expression is: one of the catalog under its own name, else one with this text."""
    value = ElementwiseValue(expression)
    # Pieces may differ where no point lies.
    seen = value(_POINTS) if in_one_formula(expression) else np.full(len(_POINTS), np.nan)
    # Where few values exist, agreement with them says little.
    for known in CUTS.values() if np.isfinite(seen).mean() > 0.5 else ():
        if (
            known.constraint == "free"
            and known.name not in ("normalised sigmoid",)
        ):
            with np.errstate(invalid="ignore"):
                same = np.allclose(known.value(_POINTS), seen, 1e-14, 1e-14, equal_nan=True)
            if same:
                return known
    text = expression.text()
    return CutFunction(
        text if len(text) <= 40 else "a function of one variable",
        "free",
        value,
        ElementwisePullback(expression),
        reading=reading_of_expression(expression),
    )


@dataclass
class Pointwise:
    """A function of each entry of one tensor."""

    base: Tensor
    expression: Expression
    made: object = field(default=None, compare=False)

    @classmethod
    def of(cls, tensor):
        """Return the identity function of a tensor."""
        return cls(tensor, Expression(None), tensor)

    @property
    def polynomial(self):
        """The coefficients of the function while it is a polynomial, else ``None``."""
        return self.expression.polynomial

    @property
    def shape(self):
        """The shape, that of the tensor."""
        return self.base.shape

    def tensor(self, shift):
        r"""
        Return the function as a tensor of the graph: sums and products, or a cut.

        INPUT:

        - ``shift`` -- a function that makes a constant of a number and a shape
        """
        # Once for all uses: two cuts of one function would be two data that do not know of each other.
        if self.made is None:
            self.made = self._cut(shift) if self.polynomial is None else self._expanded(shift)
        return self.made

    def _cut(self, shift):
        call, arguments = self.expression.call, self.expression.arguments
        inner = arguments[0].polynomial if isinstance(arguments[0], Expression) else None
        if call == "aten.exp.default" and inner is not None and len(inner) == 2:
            # The movement of exp(c z + d) is its value times that of `c z + d`: as the exponential of that tensor, it
            # has its slope given by its value, and laws that a value and a slope free of each other do not see.
            return Pointwise(self.base, arguments[0]).tensor(shift).exp()
        if call == "aten.pow.Tensor_Scalar" and inner is not None and _is_power(inner):
            return self._power(arguments[0], Fraction(arguments[1]), shift)
        return self.base.cut(function_of(self.expression))

    def _power(self, inner, exponent, shift):
        """Return `p^{-m}`, `p^{-m/2}` or `p^{m/2}` of `p = c (z + s)^k` by the inverse or the inverse root of a
        tensor: the slope is given by the value, as that of an exponential."""
        # The graph has inverses and inverse roots; a cube root is cut as a function of each entry.
        if exponent.denominator > 2:
            return self.base.cut(function_of(self.expression))
        half = exponent.denominator == 2
        whole = Pointwise(self.base, inner).tensor(shift)
        # p^(-m/2) = (p^m)^(-1/2), with m odd defined where p > 0, as PyTorch's is; p^(m/2) = p^((m+1)/2) p^(-1/2).
        if exponent < 0:
            return (whole ** abs(exponent.numerator)).cut("inverse root" if half else "inverse")
        return whole ** ((exponent.numerator + 1) // 2) * whole.cut("inverse root")

    def _expanded(self, shift):
        total = None
        # The constant comes last and is repeated to the shape; sums of none are a constant alone.
        for power, value in enumerate(self.polynomial[1:], start=1):
            if value:
                term = self.base ** power
                term = term if value == 1 else term * value
                total = term if total is None else total + term
        if total is None:
            return shift(self.polynomial[0], self.shape)
        return total + shift(self.polynomial[0], self.shape) if self.polynomial[0] else total


@dataclass(frozen=True)
class SquareMean:
    r"""
    ``(c mean(x^2) + eps)^power`` along some axes, waiting for the ``x`` that it divides.

    - ``kept`` -- whether the axes are still there, with size one, or ``repeated`` to the size of the tensor
    """

    base: Tensor
    axes: tuple
    factor: float
    eps: float
    power: float
    kept: bool
    repeated: bool = False

    @property
    def shape(self):
        """The shape of the means."""
        if self.repeated:
            return self.base.shape
        sizes = enumerate(self.base.shape)
        return tuple(1 if i in self.axes else n for i, n in sizes if self.kept or i not in self.axes)

    def to_power(self, exponent):
        """Return a power of it."""
        # Powers of a number above zero multiply, which a mean of squares is almost everywhere.
        return replace(self, power=self.power * exponent)


@dataclass(frozen=True)
class Masked:
    """A tensor with the entries that a softmax may use: ``allowed`` is an array of 0 and 1."""

    tensor: Tensor
    allowed: object
    scale: float = 1.0

    @property
    def shape(self):
        """The shape of the tensor."""
        return self.tensor.shape


@dataclass(frozen=True)
class Choice:
    """A condition that depends on data or on parameters: gates of zero and one."""

    gates: Tensor

    @property
    def shape(self):
        """The shape of the gates."""
        return self.gates.shape


@dataclass(frozen=True)
class Tokens:
    r"""
    Whole numbers of an input, rearranged: ``places`` says which entry of the input each is, counted from one; at most
    0, it is a constant.

    - ``values`` -- the numbers of the example
    """

    name: str
    places: object
    values: object

    @property
    def shape(self):
        """The shape of the array of tokens."""
        return tuple(self.places.shape)


@dataclass(frozen=True)
class Complex:
    """A complex tensor: its real and its imaginary part."""

    real: Tensor
    imaginary: Tensor

    @property
    def shape(self):
        """The shape of both parts."""
        return self.real.shape


@dataclass(frozen=True)
class Unread:
    """A result that cannot be read, with the reason: refused where something uses it, and only there."""

    reason: str


@dataclass(frozen=True)
class Loss:
    """A loss that the model computes: of which tensor, and which kind."""

    output: Tensor
    kind: str
    shape: tuple = ()


def flattened(values):
    """Return the entries of nested lists in order."""
    out = []
    for value in values:
        out += flattened(value) if isinstance(value, (list, tuple)) else [value]
    return out
