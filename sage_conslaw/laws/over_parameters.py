r"""
All laws over Q(k) from kernels at random parameter values: what does not depend on them, products of laws of lower
degree, and circuits.

A kernel at random values has at least the generic dimension `d`; with `d` independent exact laws over Q(k) every law
is found.  Three sources are tried, cheap ones first.  Vectors that are the same at two values do not depend on the
parameters, and are reconstructed.  Products of laws are laws: in a reaction network nearly all quadratic laws are
products of linear ones.  What is left is solved circuit by circuit (:mod:`..parameters.circuits`), and checked
against all equations.

For `x' = k_1 x, y' = -k_2 x` the kernel of degree 2 is spanned by the square of `k_2 x + k_1 y`, which is the circuit
of degree 1.
"""

from .._sage import QQ, PolynomialRing
from ..exact import terms as sparse
from ..exact.products import Product
from ..exact.reconstruction import reconstruct
from ..exact.sparse_elimination import minus_multiple
from ..function_fields.circuits import circuit_law, sparse_basis
from ..function_fields.parametric import equations_over_parameters, polynomial_over_constants
from .basis import readable_basis

# Longer products are counted and not written out: half a million take Singular 0.1 s, these about 5 s.
_MOST_PRODUCTS = 30_000_000

# Longer products are written out only where their terms are read.
_EXPANDED = 1000


class Lift:
    """The laws over Q(k) of one block, as they are found, and their span at the block's own parameter values modulo
    its prime."""

    def __init__(self, family, monomials, first, second, values, p):
        self.family, self.monomials, self.p = family, monomials, p
        self.constants = list(family.constants)
        # All of the span is compared at these values: laws that are independent there are independent over Q(k).
        self.known = dict(zip(self.constants, (int(v) for v in values)))
        self.place = {monomial: i for i, monomial in enumerate(monomials)}
        self.vectors, self.second = first, second
        self.laws, self._rows, self.left_out = [], {}, 0

    def wanted(self, degree):
        """Return the kernel vectors of degree at most the given one: columns are sorted by degree, vectors reduced
        at their last."""
        # So the last column of a vector has its degree, and those of low degree are a basis of the laws of low degree.
        return [v for v in self.vectors if len(self.monomials[max(v)]) <= degree]

    def lacks(self, degree):
        """Say whether laws up to a degree are missing."""
        return len(self._rows_of(degree)) < len(self.wanted(degree))

    def _rows_of(self, degree):
        return [pivot for pivot in self._rows if len(self.monomials[pivot]) <= degree]

    def vector(self, law):
        """Return a law at the parameter values, by columns; ``None`` if it has monomials outside the block."""
        values = self._at_values(law)
        # A coefficient may vanish at the values, and nothing is lost; a monomial outside means another block.
        if not all(monomial in self.place for monomial in values):
            return None
        return {self.place[monomial]: value for monomial, value in values.items()}

    def _at_values(self, law):
        """Return a law at the parameter values, a polynomial modulo the prime in what moves."""
        out = {}
        if isinstance(law, Product):
            first, second = map(self._at_values, law.factors)
            for one, a in first.items():
                for other, b in second.items():
                    key = tuple(sorted(one + other))
                    out[key] = (out.get(key, 0) + a * b) % self.p
        else:
            return sparse.specialised(law, self.known, self.p)
        return {monomial: value for monomial, value in out.items() if value}

    def is_new(self, vector, keep=True):
        """Say whether a vector is outside the span of the laws found, and add it."""
        while vector:
            # Pivots are last entries, as those of the kernel's vectors: they tell degrees, and _rows_of can count
            # by them.
            last = max(vector)
            if last not in self._rows:
                if keep:
                    scale = pow(vector[last], -1, self.p)
                    self._rows[last] = {i: value * scale % self.p for i, value in vector.items()}
                return True
            vector = minus_multiple(vector, vector[last], self._rows[last], self.p)
        return False

    def add(self, law):
        """Add an exact law if it is new; return whether it was."""
        vector = self.vector(law)
        if vector is None or not self.is_new(vector):
            return False
        self.laws.append(law)
        return True

    def leave_out(self, law):
        """Count a law as found that is too long to be written out."""
        vector = self.vector(law)
        if vector is not None and self.is_new(vector):
            self.left_out += 1

    def add_fixed(self):
        """Add the laws that do not depend on the parameters."""
        # A reduced vector whose entries are functions of k is the same at two random values with probability degree /
        # p.
        fixed = [a for a, b in zip(self.vectors, self.second) if a == b]
        rational = [reconstruct(vector, self.p) for vector in fixed]
        if not fixed or None in rational:
            return
        laws = [
            sparse.oriented({self.monomials[i]: value for i, value in vector.items()})
            for vector in readable_basis(rational)
        ]
        # All or none: a vector that agreed by chance fails here, and circuits find what is then missing.
        if all(self.family.conserved(laws)):
            for law in laws:
                self.add(law)

    def add_circuits(self, degree, fields, generator, deadline):
        """Add what is missing up to a degree, circuit by circuit; return whether all was found."""
        ring = PolynomialRing(QQ, [self.family.names[i] for i in self.constants], len(self.constants))
        # A circuit, a law of minimal support, is unique up to a factor, so its coefficients are minors of few
        # equations; the sparsest first, as a minor grows with the support.
        for vector in sparse_basis(self.wanted(degree), self.p):
            if not self.is_new(vector, keep=False):
                continue
            support = sorted(vector)
            rows = equations_over_parameters(fields, [self.monomials[i] for i in support], self.constants, ring)
            entries = circuit_law(rows, list(range(len(support))), ring, generator, self.p, deadline)
            # Checked against every equation over Q[k]: what passes is a law, whatever the prime said.
            if entries is None or any(
                sum((v * entries[c] for c, v in row.items() if c in entries), ring.zero()) for row in rows
            ):
                return False
            law = {self.monomials[support[column]]: value for column, value in entries.items()}
            self.add(polynomial_over_constants(law, ring, self.constants))
        return not self.lacks(degree)


def complete(lifts, fields, generator, deadline=None):
    r"""
    Find all laws of some blocks over Q(k); return the blocks for which they do not lift from these parameter values.
    """
    for lift in lifts:
        lift.add_fixed()
    failed = []
    # Upwards in degree: products need the factors, and take from the circuits all that is not new.
    for degree in range(1, max((len(m) for lift in lifts for m in lift.monomials), default=0) + 1):
        open_lifts = [lift for lift in lifts if lift not in failed and lift.lacks(degree)]
        if degree > 1 and open_lifts:
            _add_products(lifts, open_lifts, degree, deadline)
        for lift in open_lifts:
            if lift.lacks(degree) and not lift.add_circuits(degree, fields, generator, deadline):
                failed.append(lift)
    return failed


def _add_products(lifts, open_lifts, degree, deadline):
    """Add the products of two known laws of the degree."""
    constants = set(lifts[0].constants)
    of = {monomial: lift for lift in open_lifts for monomial in lift.monomials}
    known = [(_degree(law, constants), law) for lift in lifts for law in lift.laws]
    known.sort(key=lambda pair: (pair[0], _size(pair[1])))
    for number, (a, first) in enumerate(known):
        if deadline is not None:
            deadline.check()
        for b, second in known[number:]:
            # Of lower degree they came before, of higher degree they come later.
            if a + b != degree:
                continue
            # The block of a product is that of the product of any two monomials.
            one = tuple(sorted(i for law in (first, second) for i in _monomial(law) if i not in constants))
            lift = of.get(one)
            # Blocks are classes of weights and weights add up, so one monomial names the block of the product; a block
            # that lacks nothing is not asked.
            if lift is not None and lift.lacks(degree):
                if _size(first) * _size(second) > _MOST_PRODUCTS:
                    lift.leave_out(Product(first, second))
                    continue
                large = _size(first) * _size(second) > _EXPANDED
                lift.add(Product(first, second) if large else sparse.multiply(first, second))


def _degree(law, constants):
    """Return the degree in what moves."""
    if isinstance(law, Product):
        return sum(_degree(factor, constants) for factor in law.factors)
    return max(sum(i not in constants for i in m) for m in law)


def _size(law):
    """Return how many terms a law has at most."""
    return _size(law.factors[0]) * _size(law.factors[1]) if isinstance(law, Product) else len(law)


def _monomial(law):
    """Return one monomial that is a product of monomials of the factors."""
    if isinstance(law, Product):
        return tuple(i for factor in law.factors for i in _monomial(factor))
    # Any will do, see where it is used: all monomials of a law have one weight.
    return next(iter(law))
