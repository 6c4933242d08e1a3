r"""
Polynomial laws by syzygies: closed one-forms in the truncated syzygy module of the field matrix.

`{ w : \langle w, v \rangle = 0` for every field `v \}` is the syzygy module of the matrix whose rows are the fields.
Its full basis may be out of reach, and for the laws of degree `d` only the syzygies of degree at most `d - 1` matter.
With a further variable `t` the fields become homogeneous; a syzygy of degree at most `e` becomes a homogeneous one of
degree `e`, and back with `t = 1`.  For homogeneous input a Groebner basis truncated at a degree is exact: it generates
every syzygy up to that degree.  The laws are the potentials of the closed forms (zero curl) among these, by the
Poincare lemma.  Modulo relations `g_i` the condition is `\langle w, v \rangle \in (g_i)`: the relations are further
columns, and of the potentials the normal forms are taken.
"""
from itertools import combinations_with_replacement
from math import comb, prod

import numpy as np

from .._sage import QQ, FractionField, PolynomialRing, TermOrder, matrix
from ..exact.primes import random_prime
from ..exact import terms as sparse
from ..exact.products import order
from .basis import readable_basis
from .on_variety import algebraic_numbers, in_normal_form
from ..runtime.errors import NotCovered
from ..runtime.isolated import TooLarge, isolated_steps
from ..function_fields.parametric import polynomial_over_constants
from ..function_fields.specialisation import Specialisation, exact_kernel

# The multiples of the basis up to the degree are columns of an exact linear system; above this many it is refused.
MAX_MULTIPLES = 20_000


def syzygy_laws(family, groups, deadline=None):
    r"""
    Return a basis of all polynomial laws in a space of monomials, over Q(k) if the family has constants; proved by
    construction.

    INPUT:

    - ``family`` -- a control-affine family

    - ``groups`` -- the space: list of pairs (coordinates, degree)

    - ``deadline`` -- a :class:`Deadline`; the laws of each degree done are recorded there, so that what a time
      limit or a crash leaves is sound

    OUTPUT: a pair: the laws as sparse polynomials, and a line that says what was computed

    ALGORITHM: degree by degree a Groebner basis of the homogenised columns `(s C_j, t^{D+1} e_j)` by Singular,
    bounded at the degree, with `s` eliminated; then exact linear algebra.  All of it runs in a process of its own.

    EXAMPLES::

        sage: from sage_conslaw import VectorFieldFamily, system
        sage: from sage_conslaw.laws.syzygies import syzygy_laws
        sage: R.<x, y, z> = QQ[]
        sage: euler = VectorFieldFamily(drift=[y*z, x*z, x*y])
        sage: syzygy_laws(euler, euler.groups())
        ([{(0, 0): Fraction(1, 1), (1, 1): Fraction(-1, 1)},
          {(0, 0): Fraction(1, 1), (2, 2): Fraction(-1, 1)}],
         'syzygies of degree at most 1 (Groebner basis truncated there): all laws of degree at most 2')
        sage: radial = VectorFieldFamily(drift=[x, y, z])
        sage: syzygy_laws(radial, radial.groups(3))[0]
        []

    With parameters the coefficient field is Q(k)::

        sage: family = system(["x", "y"], ["k1*x", "-k2*x"], parameters=["k1", "k2"])
        sage: syzygy_laws(family, family.groups(1))[0]
        [{(0, 3): Fraction(1, 1), (1, 2): Fraction(1, 1)}]
    """
    if family.variety is not None and family.variety.relations and algebraic_numbers(family):
        raise NotCovered("syzygies know no roots of numbers; use algorithm='modular' or 'symbolic'")
    laws, searched = [], "nothing"
    for top, laws in isolated_steps(_laws_by_degree, family, groups, deadline=deadline):
        searched = (f"syzygies of degree at most {top - 1} (Groebner basis truncated there): "
                    f"all laws of degree at most {top}")
        if deadline is not None:
            deadline.partial.update(found=tuple(laws), found_up_to=top, searched=searched)
    return laws, searched


def _laws_by_degree(family, groups):
    """Yield (degree, all laws up to this degree) for increasing degrees (run in a process of its own)."""
    columns = _Columns(family)
    total = sum(degree for _, degree in groups)
    for top in range(1, total + 1):
        closed = columns.closed(columns.forms(columns.basis(top - 1), top - 1), groups)
        yield top, columns.laws(closed)


class _Columns:
    """The field matrix with homogenised columns, over Q or Q(k)."""

    def __init__(self, family):
        self.constants = list(family.constants)
        # Parameters are coefficients: they have no component in a one-form and count for no degree.
        self.moving = [i for i in range(family.dimension) if i not in set(family.constants)]
        self.place = {coordinate: i for i, coordinate in enumerate(self.moving)}
        self.scalars = PolynomialRing(QQ, [f"k{i}" for i in range(len(self.constants))], len(self.constants))
        self.field = FractionField(self.scalars) if self.constants else QQ
        n = len(self.moving)
        # s is larger than all else and eliminated by its lex block; the rest is ordered by degree, without which a
        # truncation at a degree would not be exact.
        order = TermOrder("lex", 1) + TermOrder("degrevlex", n + 1)
        self.ring = PolynomialRing(self.field, ["s", "t", *(f"z{i}" for i in range(n))], order=order)
        self.s, self.t, self.z = self.ring.gen(0), self.ring.gen(1), self.ring.gens()[2:]
        fields = [[field[i] for i in self.moving] for field in family.sparse_fields()]
        fields = [field for field in fields if any(field)]
        # D in what follows. All fields get the same degree, so that a syzygy of degree e is homogeneous in t.
        self.top = max((self._degree(f) for field in fields for f in field), default=0)
        self.rows = [[self._homogenised(f, self.top) for f in field] for field in fields]
        # Modulo relations: a Groebner basis for a degree order stays one when it is made homogeneous.
        self.variety = family.variety if family.variety is not None and family.variety.relations else None
        # Lemma: in(g) of a degree order has full degree, so the leading term of the homogenised g is that of g.
        relations = [] if self.variety is None else self.variety.relations
        self.relations = [self._homogenised(f, self._degree(f)) for f in relations]

    def _degree(self, terms):
        return max((sum(i in self.place for i in monomial) for monomial in terms), default=0)

    def _homogenised(self, terms, degree):
        total, constant = {}, {coordinate: i for i, coordinate in enumerate(self.constants)}
        for monomial, value in terms.items():
            exponents = [0] * (2 + len(self.moving))
            for i in monomial:
                if i in self.place:
                    exponents[2 + self.place[i]] += 1
            exponents[1] = degree - sum(exponents)
            factor = {tuple(constant[i] for i in monomial if i in constant): value}
            key = tuple(exponents)
            total[key] = total.get(key, self.field.zero()) + self.field(sparse.to_sage(factor, self.scalars))
        return self.ring(total)

    def basis(self, degree):
        """Return generators of the syzygies of degree at most ``degree``, inhomogeneous again."""
        from sage.libs.singular.function_factory import ff
        from sage.libs.singular.option import opt, opt_ctx
        n, k = len(self.moving), len(self.rows)
        # Without a field every form is a syzygy: the unit vectors generate them.
        if not k:
            return [[self.ring(i == j) for j in range(n)] for i in range(n)]
        table = matrix(self.ring, k + n, n + k * len(self.relations))
        for j in range(n):
            for i, row in enumerate(self.rows):
                table[i, j] = self.s * row[j]
            # A combination sum w_j (s C_j, t^(D+1) e_j) without s is (0, t^(D+1) w): its lower part records w itself.
            table[k + j, j] = self.t ** (self.top + 1)
        for number, relation in enumerate(self.relations):
            for i in range(k):
                table[i, n + number * k + i] = self.s * relation
        with opt_ctx:
            # The recorded part t^(D+1) w has the degree D + 1 + deg w, so this is degree at most e for the syzygies.
            opt["deg_bound"] = self.top + 1 + degree
            module = ff.std(table)
        # The elements without s are a Groebner basis of the syzygies, times t^(D+1).
        return [[self.ring(w) for w in element[k:]] for element in module if not any(element[:k]) and any(element[k:])]

    def forms(self, basis, degree):
        """Return a basis of the syzygies of degree at most ``degree``: one multiple for each leading term of the
        module."""
        # The factor t^(D+1) is not divided out: with t = 1 it is gone, here it counts.
        shift = self.top + 1 if self.rows else 0
        tops = [max(w.degree() for w in form) - shift for form in basis]
        number = sum(comb(len(self.z) + degree - top, degree - top) for top in tops if top <= degree)
        if number > MAX_MULTIPLES:
            raise TooLarge(
                f"the syzygies of degree {degree} have {number} multiples, more than {MAX_MULTIPLES}; "
                f"lower the degree, "
                "or use algorithm='modular'"
            )
        forms, leading = [], set()
        for form, top in zip(basis, tops):
            # Singular's order on vectors: the larger monomial leads, of equal ones that in the last component.
            lead, component = max((w.lm(), i) for i, w in enumerate(form) if w)
            affine = [w.subs({self.t: self.ring.one()}) for w in form]
            for factors in combinations_with_replacement((self.t, *self.z), max(degree - top, 0)):
                multiple = prod(factors, start=self.ring.one())
                # Elements with different leading terms are independent, and a Groebner basis reaches every leading term
                # of the module: one element for each is a basis of the space up to the degree.
                if top <= degree and (component, lead * multiple) not in leading:
                    leading.add((component, lead * multiple))
                    multiple = multiple.subs({self.t: self.ring.one()})
                    forms.append([multiple * w for w in affine])
        return forms

    def closed(self, forms, groups):
        """Return a basis of the combinations with zero curl whose potential lies in the search space."""
        if not forms:
            return []
        rows = {}
        allowed = [({self.place[i] for i in group}, degree) for group, degree in groups]
        for number, form in enumerate(forms):
            for i in range(len(self.z)):
                for j in range(i):
                    # A polynomial form on a vector space is exact if and only if it is closed (Poincare), so this is
                    # all that is left.
                    curl = form[j].derivative(self.z[i]) - form[i].derivative(self.z[j])
                    for monomial, value in curl.dict().items():
                        rows.setdefault((i, j, monomial), {})[number] = value
            # One group with one degree: the degree of the forms bounds that of the potential already.
            if len(groups) == 1:
                continue
            for i, w in enumerate(form):
                for monomial, value in w.dict().items():
                    # The potential of w_i dz_i has the monomials of z_i w_i: those outside the search space must
                    # cancel.
                    power = [e + (j == i) for j, e in enumerate(list(monomial)[2:])]
                    if any(sum(power[j] for j in group) > degree for group, degree in allowed):
                        rows.setdefault((i, monomial), {})[number] = value
        # A fixed seed: it chooses where pivots are sought, not what the exact kernel is.
        generator = np.random.default_rng(0)
        ring = self.scalars if self.constants else QQ
        at = Specialisation(ring, random_prime(generator), generator)
        return [
            [sum((c * form[i] for c, form in zip(vector, forms) if c), self.ring.zero()) for i in range(len(self.z))]
            for vector in exact_kernel(list(rows.values()), len(forms), ring, at)
        ]

    def laws(self, closed):
        """Return the potentials as sparse polynomials, a readable basis sorted by degree."""
        potentials = map(self._potential, closed)
        if self.constants:
            laws = [polynomial_over_constants(potential, self.scalars, self.constants) for potential in potentials]
        else:
            laws = [{m: sparse.fraction(c) for m, c in potential.items()} for potential in potentials]
        if self.variety is not None:
            return in_normal_form(self.variety, laws)
        if not self.constants:
            columns = sorted({m for law in laws for m in law}, key=lambda m: (len(m), m))
            place = {monomial: i for i, monomial in enumerate(columns)}
            vectors = readable_basis([{place[m]: c for m, c in law.items()} for law in laws])
            laws = [sparse.oriented({columns[i]: value for i, value in vector.items()}) for vector in vectors]
        return sorted(laws, key=order)

    def _potential(self, form):
        """Return the polynomial with this gradient and no constant, `\\sum_i z_i \\int_0^1 w_i(t z) dt`."""
        total = {}
        for i, w in enumerate(form):
            for exponents, value in w.dict().items():
                monomial = [self.moving[i]] + [
                    self.moving[j] for j, e in enumerate(list(exponents)[2:]) for _ in range(e)
                ]
                # The integral of t^(|a|) over [0, 1] is 1 / (|a| + 1), and |a| + 1 is the length of z_i z^a.
                key = tuple(sorted(monomial))
                total[key] = total.get(key, self.field.zero()) + value / len(key)
        return {monomial: value for monomial, value in total.items() if value}
