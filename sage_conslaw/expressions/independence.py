r"""
Algebraic relations between functions: those of exponentials, and the proofs that there are no others.

`\exp(p - q)` and `\exp(q - p)` are bound by one relation, which the lattice of integer relations of their arguments
gives; `\log p, \log q, \log(p q)` are dependent and refused, and so are roots like `\sqrt{x}, \sqrt{y}, \sqrt{x y}`
where nothing else shows which component is meant.
"""

from .._sage import GF, QQ, ZZ, FractionField, PolynomialRing, matrix
from ..exact import terms as sparse
from ..runtime.errors import NotCovered


def exponential_relations(parser, used):
    r"""
    Return the relations between exponentials whose arguments are dependent over the integers, and the names of a basis.

    INPUT: a :class:`FunctionParser`, and the names in use
    """
    names = [
        name
        for name in parser.names
        if name in used
        and name in parser.meaning
        and parser.meaning[name].kind == "exp"
        and parser.meaning[name].text.startswith("exp(")
    ]
    if not names:
        return [], []
    ring = parser.ring()
    field = FractionField(ring)
    values = [
        field(sparse.to_sage(parser.meaning[n].argument[0], ring)) / sparse.to_sage(parser.meaning[n].argument[1], ring)
        for n in names
    ]
    # Over one denominator arguments are rows of coefficients: a dependence of rows is one of arguments.
    common = ring.one()
    for value in values:
        common = common.lcm(value.denominator())
    rows = [ring(value * common).dict() for value in values]
    columns = sorted({m for row in rows for m in row}, key=str)
    table = matrix(QQ, len(rows), len(columns), [[row.get(m, 0) for m in columns] for row in rows])
    lattice = table.left_kernel().basis_matrix()
    # Exponentials of arguments independent over Q modulo constants are algebraically independent (Ax 1971).  Rows know
    # of no constants: whoever calls asks the basis for that, and refuses exp(q) beside exp(q + 1).
    basis = [names[i] for i in table.pivot_rows()]
    if not lattice.nrows():
        return [], basis
    # The lattice of integer relations is saturated, so that its ideal is prime; the binomials of a basis generate it up
    # to monomials.
    lattice = (lattice * lattice.denominator()).change_ring(ZZ).saturation()
    small = PolynomialRing(QQ, names, len(names))
    binomials = []
    for row in lattice.rows():
        up = down = small.one()
        for x, n in zip(small.gens(), row):
            # sum n_i z_i = 0 gives prod exp(z_i)^n_i = 1, negative exponents on the other side.
            up, down = up * x ** max(int(n), 0), down * x ** max(-int(n), 0)
        binomials.append(up - down)
    ideal = small.ideal(binomials)
    # An exponential has no zero: components on which a coordinate vanishes are cut off.
    for x in small.gens():
        ideal = ideal.saturation(small.ideal(x))[0]
    place = {name: parser.names.index(name) for name in names}
    relations = [
        {tuple(sorted(place[names[j]] for j in m)): c for m, c in sparse.from_sage(g).items()}
        for g in ideal.groebner_basis()
    ]
    return relations, basis


def refuse_dependent_logarithms(parser, used):
    """Refuse logarithms that may be dependent: each is to have an irreducible factor of its own, but for exponents."""
    functions = [parser.meaning[name] for name in parser.names if name in used and name in parser.meaning]
    logs = [f for f in functions if f.kind == "log"]
    if not logs:
        return
    ring = parser.ring()
    exponentials = {f.name for f in functions if f.kind == "exp" and f.text.startswith("exp(")}
    bound = {f.name for f in functions if f.kind in ("root", "imaginary", "pair")}
    rows, columns = [], {}
    for f in logs:
        row = {}
        for side, sign in zip(f.argument, (1, -1)):
            polynomial = sparse.to_sage(side, ring)
            # Modulo relations factors are not unique, and the argument below needs them to be.
            if any(str(v) in bound for v in polynomial.variables()):
                raise NotCovered(
                    f"{f.text} is the logarithm of a root or an angle; write it as a variable with its own equation"
                )
            for factor, power in polynomial.factor():
                if str(factor) not in exponentials and any(
                    parser.names.index(str(v)) not in parser.still for v in factor.variables()
                ):
                    # Ostrowski: logarithms are algebraically dependent only if a product of integer powers of their
                    # arguments is constant, a dependence of these rows of exponents; log(exp(z)) is z, and a constant
                    # adds none.
                    row[columns.setdefault(str(factor), len(columns))] = sign * power
        rows.append(row)
    table = matrix(
        QQ, len(rows), max(len(columns), 1), {(i, j): v for i, row in enumerate(rows) for j, v in row.items()}
    )
    if table.rank() < len(rows):
        raise NotCovered(
            f"{', '.join(f.text for f in logs)} are not independent: write each as a sum of logarithms "
            f"of irreducible polynomials"
        )


def roots_are_independent(parser, used):
    r"""
    Decide whether the square roots in use are proved to generate a field of the full degree, so that their relations
    are a prime ideal.

    By Kummer theory they do iff no product of their arguments is a square: the parities of the exponents of
    irreducible factors have full rank over GF(2).  Circles, hyperbolas and saturated lattices are irreducible over
    every field, so their products with this variety are irreducible.

    EXAMPLES::

        sage: from sage_conslaw.expressions.functions import FunctionParser
        sage: from sage_conslaw.expressions.independence import roots_are_independent
        sage: def proved(*texts):
        ....:     parser = FunctionParser(["x", "y"])
        ....:     values = [parser.parse(text) for text in texts]
        ....:     return roots_are_independent(parser, set(parser.names))
        sage: proved("sqrt(x)", "sqrt(x + y)"), proved("sqrt(x)", "sqrt(y)", "sqrt(x*y)"), proved("sqrt(4*x^2)")
        (True, False, False)
    """
    found = {}
    for name, f in parser.meaning.items():
        if name in used and f.kind == "root":
            found[f.text.removeprefix("1/")] = f.rule[0][1]
    ring, rows, columns = parser.ring(), [], {}
    for text, argument in found.items():
        # Kummer theory as below is for square roots of rational functions; of others nothing is claimed.
        if not text.startswith("sqrt(") or any(i >= parser.base for side in argument for m in side for i in m):
            return False
        factors = (sparse.to_sage(argument[0], ring) * sparse.to_sage(argument[1], ring)).factor()
        unit = QQ(factors.unit())
        # Constants are no squares over Q by themselves: their primes and the sign are factors like all others.
        free = ZZ(unit.numerator() * unit.denominator()).squarefree_part()
        odd = (
            [str(factor) for factor, power in factors if power % 2]
            + [str(q) for q, _ in free.factor()]
            + (["-1"] if free < 0 else [])
        )
        rows.append({columns.setdefault(name, len(columns)) for name in odd})
    table = matrix(GF(2), len(rows), max(len(columns), 1), {(i, j): 1 for i, row in enumerate(rows) for j in row})
    return table.rank() == len(rows)
