r"""
One step of an optimiser whose steps are linear in state and gradient: `x^+ = A x + B g`, coordinate by coordinate.

Without momentum `A = 1 - \eta \lambda` and `B = -\eta`.  With it the state has a buffer, and `A` is two by two: its
eigenvalues, `1 - \eta \lambda` and `\mu` where decay is decoupled, are what steps multiply laws by.
"""
from fractions import Fraction
from itertools import combinations_with_replacement
from math import isqrt, prod

ONE = Fraction(1)

# Step sizes at which identities that hold for all are checked: they have degree at most 4 in the step.
SIZES = tuple(Fraction(k, 7) for k in range(1, 7))


class StepMap:
    """One step, `x^+ = A x + B g` coordinate by coordinate, at a step size."""

    def __init__(self, name, h):
        self.name, self.momentum = name, Fraction(h.get("momentum", 0))
        # PyTorch dampens what enters a buffer; without momentum there is none.
        self.dampening = Fraction(h.get("dampening", 0)) if self.momentum else Fraction(0)
        self.decay, self.decoupled = Fraction(h.get("weight_decay", 0)), name == "sgdw"
        self.nesterov = bool(h.get("nesterov")) and bool(self.momentum)
        self.blocks = 2 if self.momentum else 1

    def __str__(self):
        words = [f"momentum {self.momentum}"] if self.momentum else []
        words += [f"dampening {self.dampening}"] if self.dampening else []
        words += ["Nesterov's step"] if self.nesterov else []
        words += [f"{'decoupled ' if self.decoupled else ''}weight decay {self.decay}"] if self.decay else []
        return self.name + (f" with {', '.join(words)}" if words else "")

    def matrices(self, lr):
        """Return the matrix `A` and the column `B` at a step size."""
        coupled = Fraction(0) if self.decoupled else self.decay
        shrink = 1 - lr * self.decay if self.decoupled else ONE
        if not self.momentum:
            return [[shrink - lr * coupled]], [-lr]
        mu, share = self.momentum, 1 - self.dampening
        # Rows: what theta and b of the next step are made of; the buffer first.
        buffer, force = [share * coupled, mu], share
        if self.nesterov:
            step, pull = [coupled + mu * buffer[0], mu * buffer[1]], 1 + mu * force
        else:
            step, pull = buffer, force
        return [[shrink - lr * step[0], -lr * step[1]], buffer], [-lr * pull, force]

    def trace(self, lr):
        A, _ = self.matrices(lr)
        return sum(A[i][i] for i in range(self.blocks))

    def eigenvalues(self, lr):
        """Return the rational eigenvalues of `A`, with text, and its determinant."""
        A, _ = self.matrices(lr)
        if self.blocks == 1:
            return [A[0][0]], A[0][0]
        trace, determinant = self.trace(lr), A[0][0] * A[1][1] - A[0][1] * A[1][0]
        discriminant = trace * trace - 4 * determinant
        if discriminant < 0:
            return [], determinant
        top, bottom = isqrt(discriminant.numerator), isqrt(discriminant.denominator)
        # Irrational eigenvalues are conjugate: laws over Q have their product as a factor, or none.
        if Fraction(top * top, bottom * bottom) != discriminant:
            return [], determinant
        root = Fraction(top, bottom)
        return [(trace + root) / 2, (trace - root) / 2], determinant

    def factors(self, degree, lr):
        r"""
        Return the possible factors: functions of the step size, with their text, products of at most ``degree``
        eigenvalues.
        """
        sizes = SIZES if lr is None else (lr,)
        basis = self._eigenvalue_functions(lr)
        out, seen = [], set()
        for total in range(1, degree + 1):
            for powers in combinations_with_replacement(range(len(basis)), total):
                texts, functions = zip(*(basis[i] for i in powers))
                factor = lambda size, functions=functions: prod(function(size) for function in functions)
                values = tuple(map(factor, sizes))
                # Factors that agree at all sizes are one: they have degree two at most in the step, and there are six
                # sizes.
                if values not in seen:
                    seen.add(values)
                    out.append((_factor_text(texts, values), factor))
        if not basis:
            out += self._without_rational_eigenvalues(sizes)
        return out

    def _without_rational_eigenvalues(self, sizes):
        r"""
        Return the rational products of two eigenvalues where these are conjugate.

        Such a product is rational if it is `\lambda_1 \lambda_2 = \det A`, or if `\lambda_1^2` is.  With `T` the
        trace, `\lambda_1^2 = T \lambda_1 - \det A`, which for an irrational `\lambda_1` is rational iff `T = 0`:
        `-\det A`.  For every step size this does not happen: `T` is linear in the step and not zero.
        """
        # With Nesterov's step the determinant shrinks with the step, otherwise it is the momentum alone.
        texts = [str(self.momentum)] + ([shrink_text(self.decay)] if self.nesterov else [])
        values = tuple(self.eigenvalues(size)[1] for size in sizes)
        out = [(_factor_text(texts, values), lambda size: self.eigenvalues(size)[1])]
        if len(sizes) == 1 and not self.trace(sizes[0]):
            out.append((str(-values[0]), lambda size: -self.eigenvalues(size)[1]))
        return out

    def _eigenvalue_functions(self, lr):
        """Return the eigenvalues that are rational functions of the step size, as pairs (text, function)."""
        # Coupled decay goes through the buffer and mixes both blocks; otherwise A is triangular and its diagonal says
        # all.
        plain = not (self.momentum and self.decay and not self.decoupled)
        if plain:
            shrink = shrink_text(self.decay) if lr is None else str(1 - lr * self.decay)
            out = [(shrink if self.decay else "1", lambda size: 1 - size * self.decay)]
            if self.momentum:
                out.append((str(self.momentum), lambda size: self.momentum))
            return out
        if lr is None:
            return []
        return [(str(value), lambda size, value=value: value) for value in self.eigenvalues(lr)[0]]


def shrink_text(decay):
    return "1 - lr" if decay == 1 else f"1 - {decay}*lr"


def _factor_text(texts, values):
    """Return a product of factors: its value where it is a number, else powers."""
    if len(set(values)) == 1:
        return str(values[0])
    parts = []
    for text in dict.fromkeys(texts):
        if text != "1":
            power = texts.count(text)
            shown = f"({text})" if " " in text and (power > 1 or len(set(texts)) > 1) else text
            parts.append(shown + (f"^{power}" if power > 1 else ""))
    return "*".join(parts)
