r"""
Kernels over `Q(k')[X]/(p)`: laws where a parameter is a root of an irreducible polynomial.

The field is a quotient of univariate polynomials over the rational functions of the parameters, and elimination is the
schoolbook's: the matrices are the few equations of one block.
"""
from .._sage import PolynomialRing


class AlgebraicField:
    r"""
    The field of rational functions on a variety with an algebraic condition, and elimination over it.

    INPUT:

    - ``variety`` -- a :class:`Variety` with ``algebraic``

    EXAMPLES::

        sage: from sage_conslaw.parameters.algebraic import AlgebraicField
        sage: from sage_conslaw.parameters.varieties import whole_space
        sage: R.<k, m> = QQ[]
        sage: field = AlgebraicField(whole_space(R).within(k^2 - 2))
        sage: rows = [{0r: k, 1r: -R(2)}, {0r: R(1), 1r: -k}, {2r: m}]
        sage: field.kernel(rows, 4r)
        [{0: k, 1: 1}, {3: 1}]
        sage: field.kernel([{0r: k, 1r: R(1)}, {0r: R(1), 1r: k}], 2r)
        []
        sage: field.holds(rows, {0r: k, 1r: R(1)}), field.holds(rows, {0r: R(1), 1r: R(1)})
        (True, False)
    """

    def __init__(self, variety):
        self.variety = variety
        p, self.root = variety.algebraic
        self.rational = variety.ring.fraction_field()
        self.univariate = PolynomialRing(self.rational, "X")
        # Remainders by hand: a quotient ring of Sage would first ask for a factorisation, by a program of its own.
        self.modulus = self._univariate(p)

    def _univariate(self, f):
        return self.univariate([f.coefficient({self.root: i}) for i in range(f.degree(self.root) + 1)])

    def _element(self, f):
        value = self.variety.restricted(f)
        numerator, denominator = (
            self._univariate(part) % self.modulus for part in (value.numerator(), value.denominator())
        )
        return self._times(numerator, self._inverse(denominator))

    def _times(self, a, b):
        return (a * b) % self.modulus

    def _inverse(self, a):
        # The modulus is irreducible over Q(k') by Gauss, so that the greatest common divisor is a constant.
        divisor, factor, _ = a.xgcd(self.modulus)
        return factor / divisor.constant_coefficient()

    def kernel(self, rows, columns):
        """Return the reduced kernel as dictionaries ``{column: rational function of the parameters}``."""
        solved = {}
        for row in rows:
            row = {column: self._element(entry) for column, entry in row.items()}
            row = {column: entry for column, entry in row.items() if entry}
            # Rows that are solved have no other pivot, so that one subtraction for each is enough.
            for pivot in [c for c in row if c in solved]:
                row = self._minus(row, row[pivot], solved[pivot])
            if not row:
                continue
            # Entries are elements of a field: any that is not zero will do as a pivot.
            pivot = min(row)
            inverse = self._inverse(row[pivot])
            row = {column: self._times(entry, inverse) for column, entry in row.items()}
            for other in solved:
                if pivot in solved[other]:
                    solved[other] = self._minus(solved[other], solved[other][pivot], row)
            solved[pivot] = row
        # Reduced: each free column gives one vector, with the pivots' entries in that column.
        vectors = []
        for free in (c for c in range(columns) if c not in solved):
            vector = {pivot: -row[free] for pivot, row in solved.items() if free in row}
            vector[free] = self.univariate.one()
            vectors.append({column: self._lifted(value) for column, value in sorted(vector.items())})
        return vectors

    def _lifted(self, value):
        root = self.rational(self.root)
        return sum((c * root ** i for i, c in enumerate(value.list())), self.rational.zero())

    def holds(self, rows, vector):
        """Decide exactly whether the equations hold for a vector of polynomials in the parameters."""
        zero = self.rational.zero()
        return all(
            self.variety.vanishes(sum((row[c] * vector[c] for c in row.keys() & vector.keys()), zero).numerator())
            for row in rows
        )

    def _minus(self, row, factor, other):
        out = dict(row)
        for column, entry in other.items():
            value = out.get(column, self.univariate.zero()) - self._times(factor, entry)
            if value:
                out[column] = value
            else:
                out.pop(column, None)
        return out
