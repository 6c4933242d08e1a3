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
    r"""
    A branch that neither factors nor is linear within the work allowed; the search says so.

    EXAMPLES::

        sage: from sage_conslaw.integrals.branching import Undecided
        sage: issubclass(Undecided, ArithmeticError)
        True
    """


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
    ring = unknowns[0].parent() if unknowns else None
    if ring is None:
        return []
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
            # One branch a factor, simplest last, so that it is followed first.
            equation, factors = step
            rest = [e for e in current if e is not equation]
            stack += [([factor, *rest], known) for factor in reversed(factors)]
            continue
        variable, value = step
        reduced = []
        for e in current:
            e = _substitute(e, variable, value, ring)
            if e:
                reduced.append(e)
        updated = {u: _substitute_value(v, variable, value, field) for u, v in known.items()}
        updated[variable] = value
        stack.append((list(dict.fromkeys(reduced)), updated))
    return solutions


def _next(equations, wanted, ring):
    """Return ``"dead"``, ``None`` (solved), a split [equation, factors] or a substitution (variable, value)."""
    equations.sort(key=lambda e: (e.number_of_terms(), e.degree()))
    for e in equations:
        if not any(v in wanted for v in e.variables()):
            return "dead"
    for e in equations:
        for v in e.variables():
            if v in wanted and e.degree(v) == 1:
                slope = e.coefficient({v: 1})
                if not any(u in wanted for u in slope.variables()):
                    return v, ring.fraction_field()(-(e - slope * v)) / slope
        if e.number_of_terms() <= _FACTORED:
            factors = [f for f, _ in e.factor() if any(v in wanted for v in f.variables())]
            if len(factors) > 1 or factors and factors[0].number_of_terms() < e.number_of_terms():
                return [e, factors]
    if not equations:
        return None
    return _by_groebner(equations, wanted, ring)


def _by_groebner(equations, wanted, ring):
    """Split what is neither linear nor factors by a Groebner basis, if that is small."""
    if len({v for e in equations for v in e.variables()}) > _MOST_UNKNOWNS:
        raise Undecided("a branch with many unknowns does not factor")
    basis = list(ring.ideal(equations).groebner_basis())
    for e in basis:
        if e.is_constant() or not any(v in wanted for v in e.variables()):
            return "dead"
        factors = [f for f, _ in e.factor() if any(v in wanted for v in f.variables())]
        if len(factors) > 1:
            equations.append(e)
            return [e, factors]
        for v in e.variables():
            if v in wanted and e.degree(v) == 1:
                slope = e.coefficient({v: 1})
                if not any(u in wanted for u in slope.variables()):
                    equations.append(e)
                    return v, ring.fraction_field()(-(e - slope * v)) / slope
    for e in basis:
        if len([v for v in e.variables() if v in wanted]) == 1:
            # Irreducible and of higher degree in one unknown: its roots are algebraic numbers, not in Q(k).
            return "dead"
    raise Undecided("a branch with equations of higher degree in several unknowns")


def _substitute(e, variable, value, ring):
    """Return the numerator of the equation with the value put in; the denominator is invertible."""
    if e.degree(variable) <= 0:
        return e
    return ring(ring.fraction_field()(e.subs({variable: value})).numerator())


def _substitute_value(v, variable, value, field):
    v = field(v)
    if variable in v.numerator().variables() or variable in v.denominator().variables():
        return v.subs({variable: value})
    return v
