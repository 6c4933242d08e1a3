r"""
Random properties: small sparse families of polynomial vector fields, and what must hold for each of them.
"""

import sage_conslaw._sage  # noqa: F401  (before any other import from Sage)
import sympy
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from sage.misc.unknown import Unknown
from sage.rings.polynomial.polynomial_ring_constructor import PolynomialRing
from sage.rings.rational_field import QQ
from sage_conslaw import VectorFieldFamily, conservation_laws, count_conservation_laws, is_conserved
from sage_conslaw.rank.symbolic import lie_bracket
from spaces import Space, contains, jacobian_rank, terms, to_sympy

NAMES = ("x", "y", "z", "u")


def ring(n):
    return PolynomialRing(QQ, n, NAMES[:n])  # multivariate also for n = 1


@st.composite
def polynomials(draw, n, degree=2, most=2):
    r"""Draw a polynomial in ``n`` variables with at most ``most`` terms, as ``{exponents: coefficient}``."""
    exponents = st.tuples(*[st.integers(0, degree)] * n).filter(lambda e: sum(e) <= degree)
    return draw(st.dictionaries(exponents, st.integers(-3, 3).filter(bool), max_size=most))


@st.composite
def fields(draw, n, **options):
    return tuple(draw(polynomials(n, **options)) for _ in range(n))


@st.composite
def families(draw, variables=(1, 3), controls=(0, 2)):
    r"""Draw ``(n, drift or None, controls)``, at least one field."""
    n = draw(st.integers(*variables))
    drift = draw(st.none() | fields(n))
    some = draw(st.lists(fields(n), min_size=controls[0], max_size=controls[1]))
    assume(drift is not None or some)
    return n, drift, some


def in_ring(n, field):
    R = ring(n)
    return [R(dict(component)) for component in field]


def build(n, drift, controls):
    return VectorFieldFamily(drift=None if drift is None else in_ring(n, drift),
                             controls=[in_ring(n, c) for c in controls])


def all_fields(n, drift, controls):
    return [in_ring(n, f) for f in ([] if drift is None else [drift]) + controls]


ROTATION = ({(0, 1): 1}, {(1, 0): -1})
HEISENBERG = [({(0, 0, 0): 1}, {}, {(0, 1, 0): -1}), ({}, {(0, 0, 0): 1}, {(1, 0, 0): 1})]
EXAMPLES = 30  # the whole file takes some 8 s; 1500 of each found nothing more


# Agreement of the algorithms -----------------------------------------------------------------------------------------

@given(families(), st.integers(1, 3))
@settings(max_examples=300)
@example((2, ROTATION, []), 2)
@example((2, None, [({}, {})]), 2)
@example((1, None, [({},)]), 3)
@example((3, None, HEISENBERG), 3)
@example((3, HEISENBERG[0], HEISENBERG[1:]), 2)
def test_modular_agrees_with_symbolic(system, degree):
    fast = conservation_laws(build(*system), algorithm="modular", degree=degree, seed=1)
    exact = conservation_laws(build(*system), algorithm="symbolic", degree=degree, seed=1)
    assert fast.number == exact.number
    assert fast.lie_dimension == exact.lie_dimension
    assert Space(fast.laws) == Space(exact.laws)
    assert fast.independent_laws_found == exact.independent_laws_found == jacobian_rank(fast.laws)
    assert fast.complete is Unknown or fast.complete is exact.complete
    assert (exact.complete is True) == (exact.independent_laws_found == exact.number)


@given(families())
@settings(max_examples=EXAMPLES)
@example((2, None, [({}, {})]))
@example((3, None, HEISENBERG))
def test_counts_agree(system):
    fast = count_conservation_laws(build(*system), algorithm="modular", seed=3)
    exact = count_conservation_laws(build(*system), algorithm="symbolic", seed=3)
    assert fast.number == exact.number
    assert exact.status == "proved"


# Planted laws --------------------------------------------------------------------------------------------------------

@st.composite
def planted(draw):
    r"""Draw a polynomial `h` and fields `A grad h` with `A` antisymmetric, which conserve `h` whatever else they do."""
    n = draw(st.integers(2, 3))
    R = ring(n)
    h = R(draw(polynomials(n, degree=3, most=3)))
    assume(h.degree() > 0)
    controls = []
    for _ in range(draw(st.integers(1, 2))):
        upper = {(i, j): R(draw(polynomials(n, degree=1))) for i in range(n) for j in range(i)}
        gradient = [h.derivative(x) for x in R.gens()]
        controls.append([sum(upper[i, j] * gradient[j] for j in range(i)) - sum(
            upper[j, i] * gradient[j] for j in range(i + 1, n)) for i in range(n)])
    assume(all(any(c) for c in controls))
    return h, controls


@given(planted(), st.sampled_from(["modular", "symbolic"]))
@settings(max_examples=2 * EXAMPLES)
def test_a_planted_law_is_found(system, algorithm):
    h, controls = system
    result = conservation_laws(VectorFieldFamily(controls=controls), degree=h.degree(), algorithm=algorithm, seed=8)
    assert is_conserved(h, VectorFieldFamily(controls=controls)) is True
    assert contains(result.laws, [h - h.constant_coefficient()])
    assert 1 <= result.independent_laws_found <= result.number


# Each law, judged by SymPy -------------------------------------------------------------------------------------------

@given(families(), st.integers(1, 4))
@settings(max_examples=EXAMPLES)
@example((2, ROTATION, []), 4)
def test_every_law_has_zero_derivative_along_every_field(system, degree):
    symbols = sympy.symbols(NAMES[:system[0]])
    result = conservation_laws(build(*system), degree=degree, seed=2)
    for law in result.laws:
        h = to_sympy(law, symbols)
        assert h != 0 and law.degree() <= degree
        for field in all_fields(*system):
            derivative = sum(to_sympy(f, symbols) * sympy.diff(h, s) for f, s in zip(field, symbols))
            assert sympy.expand(derivative) == 0


@given(families(variables=(1, 3)), st.data())
@settings(max_examples=2 * EXAMPLES)
@example((2, ROTATION, []), None)
def test_is_conserved_agrees_with_sympy(system, data):
    n = system[0]
    candidate = {(2, 0): 1, (0, 2): 1} if data is None else data.draw(polynomials(n, degree=3, most=3))
    symbols = sympy.symbols(NAMES[:n])
    h = ring(n)(dict(candidate))
    expression = to_sympy(h, symbols)
    truth = all(
        sympy.expand(sum(to_sympy(f, symbols) * sympy.diff(expression, s) for f, s in zip(field, symbols))) == 0
        for field in all_fields(*system))
    assert is_conserved(h, build(*system)) is truth


# Change of coordinates -----------------------------------------------------------------------------------------------

@given(families(variables=(2, 3)), st.permutations(range(3)), st.integers(1, 3))
@settings(max_examples=EXAMPLES)
@example((3, ({(0, 1, 1): 1}, {(1, 0, 1): -2}, {(1, 1, 0): 1}), []), [1, 2, 0], 2)
def test_permuting_variables_commutes(system, permutation, degree):
    n, drift, controls = system
    order = [i for i in permutation if i < n]

    def permuted(field):
        return tuple({tuple(e[i] for i in order): c for e, c in field[j].items()} for j in order)

    before = conservation_laws(build(*system), degree=degree, seed=4)
    after = conservation_laws(
        build(n, drift and permuted(drift), [permuted(c) for c in controls]), degree=degree, seed=4
    )
    assert after.number == before.number
    moved = [ring(n)({tuple(e[i] for i in order): c for e, c in terms(law).items()}) for law in before.laws]
    assert Space(after.laws) == Space(moved)


@given(
    families(variables=(1, 3)),
    st.lists(st.sampled_from([QQ(2), QQ(-1), QQ(1) / 3, QQ(-5) / 2]), min_size=3, max_size=3),
    st.integers(1, 3),
)
@settings(max_examples=EXAMPLES)
@example((2, ROTATION, []), [QQ(2), QQ(-5) / 2, QQ(1)], 2)
def test_rescaling_variables_commutes(system, scale, degree):
    r"""With `z = D y` the field becomes `D^{-1} f(D y)` and the law `h(D y)`."""
    n = system[0]
    R = ring(n)
    scaled = [d * y for d, y in zip(scale, R.gens())]
    rest = [[f(*scaled) / d for f, d in zip(field, scale)] for field in all_fields(*system)]
    drift = rest.pop(0) if system[1] is not None else None
    before = conservation_laws(build(*system), degree=degree, seed=4)
    after = conservation_laws(VectorFieldFamily(drift=drift, controls=rest), degree=degree, seed=4)
    assert after.number == before.number
    assert Space(after.laws) == Space([R(law(*scaled)) for law in before.laws])


# Monotonicity and bounds ---------------------------------------------------------------------------------------------

@given(families(variables=(2, 3), controls=(0, 2)), st.data())
@settings(max_examples=EXAMPLES)
@example((2, ROTATION, []), None)
def test_adding_a_field_never_adds_laws(system, data):
    n, drift, controls = system
    extra = ({(0, 0): 1}, {}) if data is None else data.draw(fields(n))
    few = conservation_laws(build(*system), degree=2, seed=6)
    more = conservation_laws(build(n, drift, controls + [extra]), degree=2, seed=6)
    assert more.number <= few.number
    assert more.independent_laws_found <= few.independent_laws_found
    assert contains(few.laws, more.laws)


@given(families(), st.integers(1, 3))
@settings(max_examples=EXAMPLES)
@example((2, ROTATION, []), 1)
def test_a_higher_degree_keeps_the_laws(system, degree):
    low = conservation_laws(build(*system), degree=degree, seed=6)
    high = conservation_laws(build(*system), degree=degree + 1, seed=6)
    assert contains(high.laws, low.laws)
    assert low.number == high.number


@given(families(), st.integers(0, 2**32 - 1))
@settings(max_examples=2 * EXAMPLES)
@example((3, None, HEISENBERG), 0)
def test_lower_bound_below_upper_bound_for_every_seed(system, seed):
    result = conservation_laws(build(*system), seed=seed, proof=False)
    n = result.state_dimension
    assert result.lie_dimension + result.independent_laws_found <= n
    assert result.number == n - result.lie_dimension
    exact = count_conservation_laws(build(*system), algorithm="symbolic")
    assert result.lie_dimension <= exact.lie_dimension
    # Proved is the number, complete is the list: a bound of the rank proves a number that no list of polynomials
    # reaches.
    assert (result.complete is True) == (result.lie_dimension + result.independent_laws_found == n)
    assert result.status == "proved" or result.complete is not True
    if result.status == "proved":
        assert result.lie_dimension == exact.lie_dimension


@given(families(), st.integers(0, 2**32 - 1))
@settings(max_examples=EXAMPLES)
@example((2, ROTATION, []), 0)
def test_the_same_seed_gives_the_same_result(system, seed):
    def everything(result):
        return {key: value for key, value in result.to_dict().items() if key != "seconds"}

    assert (everything(conservation_laws(build(*system), seed=seed))
            == everything(conservation_laws(build(*system), seed=seed)))
    first = conservation_laws(build(*system), seed=seed)
    other = conservation_laws(build(*system), seed=seed + 1)
    assert first.seed == seed and other.seed == seed + 1
    assert first.laws == other.laws, "the basis is stable from run to run"


@given(families())
@settings(max_examples=10)
@example((2, ROTATION, []))
def test_a_drawn_seed_reproduces_the_run(system):
    drawn = conservation_laws(build(*system))
    again = conservation_laws(build(*system), seed=drawn.seed)
    assert (again.laws, again.number, again.lie_sequence) == (drawn.laws, drawn.number, drawn.lie_sequence)


# The bracket ---------------------------------------------------------------------------------------------------------

def apply(field, f):
    return sum(v * f.derivative(x) for v, x in zip(field, f.parent().gens()))


@given(st.integers(1, 3).flatmap(lambda n: st.tuples(st.just(n), *[fields(n, degree=3, most=3)] * 3)))
@settings(max_examples=2 * EXAMPLES)
def test_bracket_is_antisymmetric_and_satisfies_jacobi(drawn):
    n = drawn[0]
    F, G, H = (in_ring(n, f) for f in drawn[1:])
    assert list(lie_bracket(F, G)) == [-c for c in lie_bracket(G, F)]
    assert all(c == 0 for c in lie_bracket(F, F))
    cycle = [lie_bracket(F, lie_bracket(G, H)), lie_bracket(G, lie_bracket(H, F)), lie_bracket(H, lie_bracket(F, G))]
    assert all(sum(parts) == 0 for parts in zip(*cycle))


@given(st.integers(1, 3).flatmap(
    lambda n: st.tuples(st.just(n), fields(n, degree=3), fields(n, degree=3), polynomials(n, degree=3, most=3))))
@settings(max_examples=2 * EXAMPLES)
def test_bracket_is_the_commutator_of_derivations(drawn):
    r"""`L_{[F, G]} h = L_F L_G h - L_G L_F h`: fixes the sign and every term, which antisymmetry does not."""
    n = drawn[0]
    F, G = in_ring(n, drawn[1]), in_ring(n, drawn[2])
    h = ring(n)(dict(drawn[3]))
    assert apply(lie_bracket(F, G), h) == apply(F, apply(G, h)) - apply(G, apply(F, h))
