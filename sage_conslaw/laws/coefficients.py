r"""
The exact coefficient equations of laws, for large sparse blocks.

The coefficient of a monomial in the derivative of `h = \sum c_a z^a` along one field is a linear equation in the `c_a`.
Where the fields are sparse polynomials, as in reaction networks, these equations have few terms each: they are
eliminated sparsely (:mod:`sage_conslaw.exact.sparse_elimination`).
"""
from ..exact import terms as sparse


def coefficient_rows(fields, monomials, constants, values, p):
    r"""
    Return the distinct equations for the coefficients of a law, as dictionaries ``{column: residue}``.

    INPUT:

    - ``fields`` -- lists of sparse polynomials

    - ``monomials`` -- list of sorted tuples of coordinates, the columns

    - ``constants``, ``values`` -- coordinates that stand for parameters, and their residues modulo ``p``
    """
    known = dict(zip(constants, values))
    # Parameters take one random value in all equations: the kernel is then that over Q(k), but for a chance of degree /
    # p.
    compiled = [[sparse.specialised(component, known, p) for component in field] for field in fields]
    rows = {}
    for column, monomial in enumerate(monomials):
        for number, field in enumerate(compiled):
            for variable in dict.fromkeys(monomial):
                at = monomial.index(variable)
                rest, count = monomial[:at] + monomial[at + 1:], monomial.count(variable)
                for product, value in field[variable].items():
                    # d/dz_i of z^a is a_i z^a / z_i: one equation for each field and each monomial of the derivative.
                    row = rows.setdefault((number, tuple(sorted(rest + product))), {})
                    row[column] = (row.get(column, 0) + count * value) % p
    distinct = {}
    for row in rows.values():
        row = {column: value for column, value in row.items() if value}
        if row:
            # Made monic, as many coefficients give one equation up to a factor: each is eliminated once.
            scale = pow(next(iter(row.values())), -1, p)
            row = {column: value * scale % p for column, value in row.items()}
            distinct[tuple(row.items())] = row
    return list(distinct.values())
