r"""
The search for what steps keep: a kernel modulo a prime, lifted to Q, and each law proved by an identity.
"""
from fractions import Fraction
from itertools import combinations_with_replacement
from math import gcd, lcm

import numpy as np

from .._sage import QQ, PolynomialRing
from ..exact import modular
from ..exact import terms as sparse
from ..exact.arithmetic import ModularArithmetic
from ..exact.linear_algebra import kernel
from ..exact.primes import random_prime
from ..exact.reconstruction import reconstruct
from ..flows.groups import fresh
from ..flows.spanned import spanning_gradients
from ..runtime.errors import NotCovered
from .step_map import SIZES, shrink_text

# Monomials of a search: a kernel of 1500 takes about 5 s.
_MOST_MONOMIALS = 1500


class StepSearch:
    """Kernels modulo a prime, lifted to Q and proved."""

    def __init__(self, response, step, lr, degree, generator):
        self.response, self.step, self.lr, self.degree, self.generator = response, step, lr, degree, generator
        self.D, self.n = response.dimension, response.dimension * step.blocks
        self.names = list(response.names)
        self.names += fresh("b_", response.names, self.names) if step.blocks == 2 else []
        # Without the constant: it is kept by every step, and says nothing.
        self.monomials = [
            m for total in range(1, degree + 1) for m in combinations_with_replacement(range(self.n), total)
        ]
        if len(self.monomials) > _MOST_MONOMIALS:
            raise NotCovered(
                f"{len(self.monomials)} monomials of degree at most {degree} in {self.n} coordinates are too many; at "
                f"most {_MOST_MONOMIALS} are searched: try degree=1, or a smaller network"
            )
        self._gradients = None

    def laws(self, text, factor):
        """Return the laws with one factor, a function of the step size."""
        # A prime may divide a denominator, or a kernel be larger modulo it; five in a row do not.
        for _ in range(5):
            p = random_prime(self.generator)
            vectors = kernel(self._equations(factor, p), p)
            lifted = [reconstruct(vector, p) for vector in vectors]
            found = [
                {self.monomials[i]: value for i, value in vector.items()} for vector in lifted if vector is not None
            ]
            # Every equation holds for the laws, so the kernel is at least as large as their space: where all of it is
            # proved, it is that space.
            if len(found) == len(vectors) and all(self._kept(h, factor) for h in found):
                ring = PolynomialRing(QQ, self.names, len(self.names))
                return [(sparse.to_sage(h, ring), text, h, factor) for h in (_primitive(h, ring) for h in found)]
        raise ArithmeticError(
            "what looked like a law of the steps at random points is none; please report it with the network"
        )

    def _equations(self, factor, p):
        # Twelve rows more than unknowns: a kernel that is too large by accident has probability about p^-12.
        rows = len(self.monomials) + 12
        x = modular.random_array(self.generator, (rows, self.n), p)
        data = self.response.draw(self.generator, p, rows)
        g = np.broadcast_to(self.response.gradient(ModularArithmetic(p), x[:, :self.D], data), (rows, self.D))
        sizes = self._random_sizes(rows)
        after = np.zeros_like(x)
        rho = np.array([_residue(factor(size), p) for size in sizes], dtype=np.int64)[:, None]
        parts = [self.step.matrices(size) for size in sizes]
        for i in range(self.step.blocks):
            block = modular.multiply(np.array([_residue(B[i], p) for _, B in parts], dtype=np.int64)[:, None], g, p)
            for j in range(self.step.blocks):
                column = np.array([_residue(A[i][j], p) for A, _ in parts], dtype=np.int64)[:, None]
                block = modular.add(block, modular.multiply(column, x[:, j * self.D:(j + 1) * self.D], p), p)
            after[:, i * self.D:(i + 1) * self.D] = block
        return modular.subtract(self._values(after, p), modular.multiply(rho, self._values(x, p), p), p)

    def _random_sizes(self, rows):
        if self.lr is not None:
            return [self.lr] * rows
        # What holds for every step size is asked at another one in each row.
        return [Fraction(int(k), 97) for k in self.generator.integers(1, 10 ** 6, rows)]

    def _values(self, x, p):
        columns = [x]
        if self.degree == 2:
            # In the order of the monomials: columns and coefficients belong together.
            pairs = np.array(list(combinations_with_replacement(range(self.n), 2)))
            columns.append(modular.multiply(x[:, pairs[:, 0]], x[:, pairs[:, 1]], p))
        return np.concatenate(columns, axis=1)

    def _kept(self, h, factor):
        """Prove the identity, at enough step sizes for all."""
        return all(self.kept_at(h, factor(size), size) for size in (SIZES if self.lr is None else (self.lr,)))

    def kept_at(self, h, rho, size):
        """Decide exactly whether a step of one size multiplies ``h`` by ``rho``, for all states and gradients."""
        A, B = self.step.matrices(size)
        image = {}
        for monomial, value in h.items():
            term = {(): value}
            for i in monomial:
                term = sparse.multiply(term, self._moved(A, i))
            image = sparse.add(image, term)
        if sparse.add(image, sparse.scaled(h, -rho)):
            return False
        return self._gradient_parts_vanish(h, A, B)

    def _moved(self, A, i):
        block, place = divmod(i, self.D)
        return {(j * self.D + place,): A[block][j] for j in range(self.step.blocks) if A[block][j]}

    def _gradient_parts_vanish(self, h, A, B):
        """Decide whether the parts of `h(A x + B g)` that are linear and quadratic in `g` vanish for all gradients."""
        linear, quadratic = {}, {}
        for variable, part in sparse.derivatives(h).items():
            block, place = divmod(variable, self.D)
            image = {}
            for monomial, value in part.items():
                term = {(): value}
                for i in monomial:
                    term = sparse.multiply(term, self._moved(A, i))
                image = sparse.add(image, term)
                for i in monomial:
                    other, at = divmod(i, self.D)
                    # The buffer and the parameters move by multiples of one gradient: coordinates alone tell entries
                    # apart.
                    key = (place, at)
                    quadratic[key] = quadratic.get(key, 0) + value * B[block] * B[other]
            linear[place] = sparse.add(linear.get(place, {}), sparse.scaled(image, B[block]))
        if not any(linear.values()) and not any(quadratic.values()):
            return True
        # Only now: the identities above are the same for every network, these need its gradients written out.
        rows = self.gradients()
        if any(_pairing(linear, row) for row in rows):
            return False
        if not any(quadratic.values()):
            return True
        for number, row in enumerate(rows):
            for other in rows[number:]:
                total = {}
                for (i, j), value in quadratic.items():
                    if value and row[i] and other[j]:
                        total = sparse.add(total, sparse.scaled(sparse.multiply(row[i], other[j]), value))
                    if value and row[j] and other[i]:
                        total = sparse.add(total, sparse.scaled(sparse.multiply(row[j], other[i]), value))
                if total:
                    return False
        return True

    def gradients(self):
        if self._gradients is None:
            self._gradients = spanning_gradients(self.response)
        return self._gradients

    def recursion(self):
        """Say what momentum does to affine laws of gradient flow, whose derivative along `B g` is zero: they move by
        `A` alone."""
        step = self.step
        if not step.momentum or not self._affine_laws():
            return None
        # l g = 0, so that a step multiplies l b by the momentum alone: from zero it stays there.
        if not step.decay or step.decoupled:
            kept = "is kept" if not step.decay else f"is multiplied by {shrink_text(step.decay)} a step"
            return f"from rest, b = 0: l b stays 0, and each affine law l of gradient flow {kept}"
        if self.lr is not None and step.eigenvalues(self.lr)[0]:
            return None
        return ("for each affine law l of gradient flow the pair (l theta, l b) obeys its own recursion exactly: "
                f"b <- {step.momentum} b + {1 - step.dampening} * {step.decay} theta, theta <- theta - lr "
                f"{'(' + str(step.decay) + f' theta + {step.momentum} b)' if step.nesterov else 'b'}")


    def _affine_laws(self):
        """Say whether gradient flow has affine laws: a constant covector that annihilates every gradient."""
        p = random_prime(self.generator)
        # At a point of its own each row: what annihilates all of them is constant.
        theta = modular.random_array(self.generator, (self.D + 8, self.D), p)
        rows = self.response.gradient(ModularArithmetic(p), theta, self.response.draw(self.generator, p, self.D + 8))
        return len(kernel(np.broadcast_to(rows, (self.D + 8, self.D)), p)) > 0


def _residue(number, p):
    return number.numerator * pow(number.denominator, -1, p) % p


def _primitive(h, ring):
    """Return a polynomial with coprime integer coefficients, the leading one positive."""
    common = lcm(*(value.denominator for value in h.values()))
    content = gcd(*(int(value * common) for value in h.values()))
    sign = 1 if sparse.to_sage(h, ring).lc() > 0 else -1
    return {monomial: value * common / content * sign for monomial, value in h.items()}


def _pairing(linear, row):
    total = {}
    for i, part in linear.items():
        if part and row[i]:
            total = sparse.add(total, sparse.multiply(part, row[i]))
    return total
