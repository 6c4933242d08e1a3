r"""
Matrices with polynomial entries: a rank over Q(k), and polynomials outside whose zeros it never drops.

Gaussian elimination without fractions divides by nothing but its pivots and the contents of rows and columns.  Where
none of these vanishes, every step is invertible: the rank there is the generic one.  So the places of smaller rank, of
any codimension, lie in the union of the hypersurfaces `p = 0`, `p` an irreducible factor of a pivot or of a content.
Constant pivots come first and cost nothing; what they leave falls apart into components, whose ranks drop independently
of each other.
"""
from ..function_fields.parametric import content, coprime

# A polynomial with more terms is neither multiplied on nor factored: its matrix is reported as not searched.  Pivots of
# reaction networks have below 30 terms; at 300 terms in 15 parameters one greatest common divisor takes a second.
MAX_TERMS = 300


class TooManyTerms(ArithmeticError):
    """An elimination that grew beyond ``MAX_TERMS`` terms an entry."""


def irreducible_factors(f):
    """Return the irreducible factors of a polynomial that are not constant, each once."""
    if f.is_constant():
        return []
    if f.number_of_terms() > MAX_TERMS:
        raise TooManyTerms(f"a polynomial of {f.number_of_terms()} terms is not factored")
    return [coprime([g])[0] for g, _ in f.factor()]


def cores(rows):
    r"""
    Return the number of constant pivots and the components that are left after them.

    INPUT:

    - ``rows`` -- list of dictionaries ``{column: polynomial}``

    OUTPUT: a pair: an integer, and a list of matrices of the same form; the rank is the integer plus the ranks of
    these, at every value of the parameters

    EXAMPLES::

        sage: from sage_conslaw.parameters.pivots import cores
        sage: R.<a, b> = QQ[]
        sage: cores([{0r: R(1), 1r: a}, {0r: b, 1r: a*b, 2r: a}, {3r: b, 4r: b}])
        (1, [[{2: a}], [{3: b, 4: b}]])
    """
    rows, constants = [dict(row) for row in rows if row], 0
    # A constant never vanishes: one more in the rank, at every value.
    while pivot := _pivot(rows, constant=True):
        _clear(rows, *pivot)
        constants += 1
    return constants, _components(rows)


def _components(rows):
    """Return the rows in groups without common columns: the rank is the sum of theirs, at every value."""
    owner, groups = {}, {}
    for number, row in enumerate(rows):
        columns, members = set(row), [number]
        for other in {owner[c] for c in row if c in owner}:
            old_columns, old_members = groups.pop(other)
            columns |= old_columns
            members += old_members
        groups[number] = columns, members
        owner.update((c, number) for c in columns)
    return [
        [rows[i] for i in sorted(members)] for _, members in sorted(groups.values(), key=lambda group: min(group[1]))
    ]


def rank_and_factors(rows):
    r"""
    Return the rank over the rational functions, and irreducible polynomials outside whose zeros it never drops.

    On their zeros it need not drop: these are candidates.

    LEMMA: let `M'` be the matrix after a step with the pivot `a`, row `i` replaced by `(a/g) M_i - (b_i/g) M_p`, `g =
    \gcd(a, b_i)`.  Where `a \ne 0` each step is invertible and the rank of `M` is one more than that of `M'`.  The same
    holds where a row or column is divided by a content that is not zero there.

    EXAMPLES::

        sage: from sage_conslaw.parameters.pivots import rank_and_factors
        sage: R.<a, b> = QQ[]
        sage: rank_and_factors([{0r: a, 1r: b}, {0r: b, 1r: a}])
        (2, [a, a + b, a - b])
        sage: rank_and_factors([{0r: a*b, 1r: a}])
        (1, [a, b])
    """
    rows, rank, factors = [dict(row) for row in rows if row], 0, {}

    def note(f):
        for factor in irreducible_factors(f):
            factors.setdefault(factor)
    columns = {}
    for row in rows:
        for column, entry in row.items():
            columns.setdefault(column, []).append(entry)
    for column, entries in columns.items():
        common = content(entries)
        if not common.is_constant():
            note(common)
            for row in rows:
                if column in row:
                    row[column] = row[column] // common
    rows = _reduced(rows, note)
    # Pivots of low degree first: they are the factors, and each is a hypersurface to be searched.
    while rows:
        number, column = _pivot(rows, constant=False)
        note(rows[number][column])
        _clear(rows, number, column)
        rank += 1
        rows = _reduced(rows, note)
    return rank, sorted(factors, key=lambda f: (f.degree(), f.number_of_terms(), str(f)))


def _reduced(rows, note):
    """Divide rows by their contents, which are noted, and drop multiples of a row."""
    kept = {}
    for row in rows:
        common = content(row.values())
        if not common.is_constant():
            note(common)
        # Also by a number, which makes the first entry monic: multiples of a row are then equal, and found as such.
        scale = 1 / row[min(row)].lc()
        row = {column: entry // common * scale for column, entry in row.items()}
        kept[tuple(sorted(row.items(), key=lambda item: item[0]))] = row
    return list(kept.values())


def _pivot(rows, constant):
    """Return (row, column) of the simplest entry with little fill-in, only constant ones if so asked; ``None`` if there
    is none."""
    counts, best = {}, None
    for row in rows:
        for column in row:
            counts[column] = counts.get(column, 0) + 1
    for number, row in enumerate(rows):
        for column, entry in row.items():
            if constant and not entry.is_constant():
                continue
            # Markowitz: at most so many entries are filled in.
            fill = (len(row) - 1) * (counts[column] - 1)
            cost = (fill, number) if constant else (entry.degree(), entry.number_of_terms(), fill, number)
            if best is None or cost < best[0]:
                best = cost, number, column
        if constant and best is not None and best[0][0] == 0:
            break
    return None if best is None else best[1:]


def _clear(rows, number, column):
    """Eliminate a column with a pivot and remove its row, in place."""
    pivot_row = rows.pop(number)
    pivot = pivot_row.pop(column)
    for at, row in enumerate(rows):
        factor = row.pop(column, None)
        if factor is None:
            continue
        if pivot.is_constant():
            out, factor = row, factor / pivot.constant_coefficient()
        else:
            # Multiplied by pivot / gcd, which is not zero where the pivot is not: the pivot is noted as a factor.
            common = pivot.gcd(factor)
            factor = factor // common
            out = {c: entry * (pivot // common) for c, entry in row.items()}
        for c, entry in pivot_row.items():
            value = out[c] - factor * entry if c in out else -factor * entry
            if value:
                # Growth is told, not waited for: the block is then named as not searched.
                if value.number_of_terms() > MAX_TERMS:
                    raise TooManyTerms(f"an entry of {value.number_of_terms()} terms")
                out[c] = value
            else:
                del out[c]
        rows[at] = out
    rows[:] = [row for row in rows if row]
