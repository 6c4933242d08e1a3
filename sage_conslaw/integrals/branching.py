r"""
Polynomial systems solved by branching on factors and substituting, with a Groebner basis for what is left.

The systems of undetermined coefficients for Darboux polynomials are bilinear and nearly triangular: some equation
factors, or is linear in an unknown with an invertible coefficient.  Following these is much faster than a Groebner
basis of the whole.
"""
# Terms of a polynomial that is factored, a millisecond; beyond, a factorisation may take minutes.
_FACTORED = 60

# Unknowns of a Groebner basis: with more of them it does not end.
_MOST_UNKNOWNS = 12


class Undecided(ArithmeticError):
    """A branch that neither factors nor is linear within the work allowed; the search says so."""


def solve(equations, unknowns, deadline=None, most_branches=5000):
    r"""
    Return the solution families of a polynomial system as substitutions, over the rational functions of the other
    variables.

    INPUT:

    - ``equations`` -- list of polynomials in one Sage ring over QQ

    - ``unknowns`` -- the variables to solve for; the others are parameters, and a nonzero polynomial in them is
      invertible

    OUTPUT: a list of dictionaries ``{unknown: polynomial or fraction in parameters and free unknowns}``

    EXAMPLES::

        sage: from sage_conslaw.integrals.branching import solve
        sage: R.<k, a, b> = QQ[]
        sage: solve([a*b, a + k*b - k], [a, b])
        [{b: 0, a: k}, {b: 1, a: 0}]
        sage: solve([a^2 + 1 - a^2], [a, b])
        []

    Roots outside Q(k) are no solutions; a curve that does not factor is not decided::

        sage: solve([a^2 - 2, b], [a, b])
        []
        sage: solve([a^2 + b^2 - 1], [a, b])
        Traceback (most recent call last):
        ...
        sage_conslaw.integrals.branching.Undecided: a branch with equations of higher degree in several unknowns
    """
    if not unknowns:
        return []
    ring = unknowns[0].parent()
    field = ring.fraction_field()
    wanted = set(unknowns)
    solutions, stack, branches = [], [([e for e in equations if e], {})], 0
    while stack:
        if deadline is not None:
            deadline.check()
        branches += 1
        if branches > most_branches:
            raise Undecided(f"more than {most_branches} branches")
        current, known = stack.pop()
        step = _next(current, wanted, ring)
        if step == "dead":
            continue
        if step is None:
            solutions.append(known)
            continue
        if isinstance(step, list):
            # Zeros of a product are those of its factors: the branches cover the solutions, and may overlap.
            # One branch a factor, simplest last, so that it is followed first.
            equation, factors = step
            rest = [e for e in current if e is not equation]
            stack += [([factor, *rest], known) for factor in reversed(factors)]
            continue
        # A slope without unknowns is invertible over Q(k): the substitution loses no solution and adds none.
        variable, value = step
        reduced = dict.fromkeys(_substitute(e, variable, value, ring) for e in current)
        updated = {u: _substitute_value(v, variable, value, field) for u, v in known.items()}
        stack.append(([e for e in reduced if e], updated | {variable: value}))
    return solutions


def _next(equations, wanted, ring):
    """Return ``"dead"``, ``None`` (solved), a split [equation, factors] or a substitution (variable, value)."""
    equations.sort(key=lambda e: (e.number_of_terms(), e.degree()))
    if any(not wanted.intersection(e.variables()) for e in equations):
        # A nonzero polynomial in the parameters: it vanishes at no generic ones.
        return "dead"
    for e in equations:
        step = _solved_for(e, wanted, ring)
        if step is None and e.number_of_terms() <= _FACTORED:
            step = _split(e, wanted)
        if step is not None:
            return step
    return _by_groebner(equations, wanted, ring) if equations else None


def _solved_for(e, wanted, ring):
    """Return an unknown and its value from an equation linear in it with an invertible slope, else ``None``."""
    for v in e.variables():
        if v in wanted and e.degree(v) == 1:
            slope = e.coefficient({v: 1})
            if not wanted.intersection(slope.variables()):
                return v, ring.fraction_field()(-(e - slope * v)) / slope
    return None


def _split(e, wanted):
    """Return an equation and its factors in the unknowns, each once, ``None`` if it is irreducible itself."""
    factors = [f for f, _ in e.factor() if wanted.intersection(f.variables())]
    # By degree: u^2 has one factor with as many terms, and the solution u = 0.
    return [e, factors] if len(factors) > 1 or factors[0].degree() < e.degree() else None


def _by_groebner(equations, wanted, ring):
    """Split what is neither linear nor factors by a Groebner basis, if that is small."""
    if len({v for e in equations for v in e.variables()}) > _MOST_UNKNOWNS:
        raise Undecided("a branch with many unknowns does not factor")
    basis = list(ring.ideal(equations).groebner_basis())
    if any(not wanted.intersection(e.variables()) for e in basis):
        return "dead"
    for e in basis:
        step = _split(e, wanted) or _solved_for(e, wanted, ring)
        if step is not None:
            # It follows from the equations: with it among them the branch is smaller, and has the same solutions.
            equations.append(e)
            return step
    if any(len(wanted.intersection(e.variables())) == 1 for e in basis):
        # Irreducible and of higher degree in one unknown: its roots are algebraic over Q(k) and not in it, by Gauss.
        return "dead"
    raise Undecided("a branch with equations of higher degree in several unknowns")


def _substitute(e, variable, value, ring):
    """Return the numerator of the equation with the value put in; the denominator is invertible."""
    if e.degree(variable) <= 0:
        return e
    return ring(ring.fraction_field()(e.subs({variable: value})).numerator())


def _substitute_value(v, variable, value, field):
    """Return a value found before with the new one put in: at the end only free unknowns are left in it."""
    v = field(v)
    if variable in v.numerator().variables() or variable in v.denominator().variables():
        return v.subs({variable: value})
    return v
