"""Arrays of doubles, to simulate."""
import numpy as np

from ..elementary import FLOAT_VALUES
from .interface import OperatorArithmetic, split_spec


class FloatArithmetic(OperatorArithmetic):
    """Arrays of doubles, to simulate; no rank is ever decided here."""

    def constant(self, values):
        return np.asarray(values, dtype=np.float64)

    def fractions(self, values):
        return np.array([float(value) for value in values])

    def contract(self, spec, a, b):
        left, right, result = split_spec(spec)
        return np.einsum(f"...{left},...{right}->...{result}", a, b)

    def scale(self, a, factor):
        return a * float(factor)

    def elementary(self, name, a):
        return FLOAT_VALUES[name](a)
