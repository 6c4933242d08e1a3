r"""
Irreducible sets of parameter values, as a rational substitution and, where a condition is not rational, an algebraic
element.

`p = 0` with `p = a k_i + b` is the graph `k_i = -b/a`, and what is asked of it is asked over the rational functions of
the other parameters.  A condition that is linear in no parameter is followed once, over the field `Q(k')[X]/(p)`.
"""
from dataclasses import dataclass, field
from functools import cached_property

from flint import nmod_poly

from ..exact.modular import random_array
from ..function_fields.parametric import coprime, residue
from .pivots import irreducible_factors


@dataclass
class Variety:
    r"""
    A set of parameter values.

    - ``ring`` -- the polynomial ring of all parameters

    - ``conditions`` -- polynomials, in the order in which they were imposed, each in the parameters that are left

    - ``solution`` -- dictionary ``{parameter: rational function of those that are left}``

    - ``denominators`` -- irreducible polynomials that do not vanish identically on it and were divided by

    - ``algebraic`` -- ``None`` or a pair (irreducible polynomial, the parameter that is its root)

    EXAMPLES::

        sage: from sage_conslaw.parameters.varieties import whole_space
        sage: R.<a, b, c> = QQ[]
        sage: v = whole_space(R).within(a - 2*b).within(b*c - 1); v
        a - 2*b = 0, b*c - 1 = 0
        sage: v.solution, v.codimension
        ({b: 1/c, a: 2/c}, 2)
        sage: v.contains(v), whole_space(R).within(a^2 - 2).algebraic
        (True, (a^2 - 2, a))

    What vanishes on a part, what it restricts to, and a point of it modulo a prime::

        sage: import numpy
        sage: v = whole_space(R).within(a - 2*b)
        sage: v.vanishes(a^2 - 4*b^2), v.vanishes(a), v.restricted(a*c), v.slopes(b*c - 1), v.ideal()
        (True, False, 2*b*c, [c], (a - 2*b,))
        sage: v.contains(v.within(c)), v.within(c).contains(v)
        (True, False)
        sage: point = v.point(numpy.random.default_rng(0r), 101r)
        sage: (point[0r] - 2*point[1r]) % 101
        0
    """

    ring: object
    conditions: tuple = ()
    solution: dict = field(default_factory=dict)
    denominators: tuple = ()
    algebraic: tuple | None = None

    @property
    def codimension(self):
        """How many independent conditions there are."""
        return len(self.conditions)

    def within(self, p):
        """Return the part of it where an irreducible polynomial in the parameters that are left vanishes."""
        linear = [v for v in p.variables() if p.degree(v) == 1]
        if not linear:
            # Not rational: one algebraic element of least degree over the rational functions of the other parameters.
            root = min(p.variables(), key=lambda v: p.degree(v))
            return Variety(self.ring, (*self.conditions, p), self.solution, self.denominators, (p, root))
        # The simplest slope: it becomes a denominator, and its zeros have to be looked at apart.
        variable = min(linear, key=lambda v: (p.coefficient({v: 1}).degree(), p.coefficient({v: 1}).number_of_terms()))
        slope = p.coefficient({variable: 1})
        value = self.ring.fraction_field()(-(p - slope * variable)) / slope
        solution = {v: _substituted(old, variable, value) for v, old in self.solution.items()}
        solution[variable] = value
        # What was divided by before must not vanish on the part either, in the parameters that are left.
        denominators = [g for d in (*self.denominators, slope)
                        for g in irreducible_factors(_substituted(d, variable, value).numerator())]
        return Variety(self.ring, (*self.conditions, p), solution, tuple(dict.fromkeys(denominators)))

    def slopes(self, p):
        r"""
        Return the irreducible polynomials that the graph of ``p`` has to avoid: there ``p = 0`` is to be looked at
        apart.
        """
        child = self.within(p)
        if child.algebraic:
            return []
        variable = next(v for v in child.solution if v not in self.solution)
        return irreducible_factors(p.coefficient({variable: 1}))

    def restricted(self, f):
        """Return a polynomial in the parameters as a rational function of those that are left."""
        field = self.ring.fraction_field()
        return field(f.subs(self.solution)) if any(v in self.solution for v in f.variables()) else field(f)

    def vanishes(self, f):
        """Say whether a polynomial in the parameters vanishes on all of it."""
        # On the graph a polynomial is a rational function, zero iff its numerator is; p divides it on the roots of p.
        numerator = self.restricted(f).numerator()
        return numerator == 0 or self.algebraic is not None and self.algebraic[0].divides(numerator)

    def ideal(self):
        """Return generators of its ideal, a reduced Groebner basis."""
        return self._basis

    @cached_property
    def _basis(self):
        if not self.denominators and len(self.conditions) == 1:
            basis = self.conditions
        else:
            equations = [(v - value).numerator() for v, value in self.solution.items()]
            ideal = self.ring.ideal(equations + ([self.algebraic[0]] if self.algebraic else []))
            # Clearing denominators adds what lies over their zeros; the graph is the closure of the rest.
            for d in {value.denominator() for value in self.solution.values()}:
                if not d.is_constant():
                    ideal = ideal.saturation(self.ring.ideal(self.ring(d)))[0]
            basis = filter(None, ideal.groebner_basis())
        return tuple(sorted((coprime([f])[0] for f in basis), key=lambda f: (f.degree(), str(f))))

    def contains(self, other):
        """Say whether another one lies in it."""
        return all(map(other.vanishes, self.ideal()))

    def point(self, generator, p):
        """Return residues of all parameters at a random point of it, modulo ``p``; ``None`` if the draw has none."""
        gens = self.ring.gens()
        values = [int(x) for x in random_array(generator, (len(gens),), p)]
        if self.algebraic is not None:
            f, root = self.algebraic
            coefficients = [residue(f.coefficient({root: i}), values, p) for i in range(f.degree(root) + 1)]
            # Another parameter is not drawn again: the caller draws another prime.
            roots = nmod_poly(coefficients, p).roots()
            if not roots:
                return None
            values[gens.index(root)] = int(roots[0][0])
        solved = {gens.index(v): residue(value, values, p) for v, value in self.solution.items()}
        return [solved.get(i, value) for i, value in enumerate(values)]

    def __repr__(self):
        return ", ".join(f"{f} = 0" for f in self.ideal()) or "all parameter values"


def whole_space(ring):
    """Return the set of all parameter values."""
    return Variety(ring)


def _substituted(f, variable, value):
    field = value.parent()
    f = field(f)
    if variable in f.numerator().variables() or variable in f.denominator().variables():
        return field(f.subs({variable: value}))
    return f
