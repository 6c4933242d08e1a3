"""Darboux polynomials, rational and logarithmic laws, against the classical systems with known integrals."""
import json
import random
from itertools import permutations
from pathlib import Path

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from sage_conslaw import first_integrals, flows, networks
from sage_conslaw._sage import QQ, PolynomialRing, Unknown, matrix
from sage_conslaw.cli.command import cli
from sage_conslaw.runtime.deadline import Deadline, TimeLimitReached
from sage_conslaw.exact.terms import to_sage
from sage_conslaw.integrals.darboux import cofactors_of, darboux_polynomials, search_darboux_polynomials
from sage_conslaw.integrals.darboux_law import DarbouxLaw
from sage_conslaw.integrals.darboux_laws import darboux_laws, rational_laws
from sage_conslaw.integrals.independence import independent_laws
from sage_conslaw.expressions.polynomials import parse_polynomials
from sage_conslaw.inputs.systems import read_record, system
from spaces import monomials

CLASSIC = {
    entry["name"]: entry
    for entry in json.loads((Path(__file__).parent.parent / "data" / "classic.json").read_text())["systems"]
}
FAMILIES = {name: read_record(entry) for name, entry in CLASSIC.items()}


def sage(text, ring):
    """Return a polynomial of the collection in a ring."""
    names = ring.variable_names()
    return to_sage(parse_polynomials([text], list(names))[1][0], ring)


SEARCHED = {
    name: max([1, *(sage(d["polynomial"], FAMILIES[name].ring()).degree() for d in entry["darboux_polynomials"])])
    for name, entry in CLASSIC.items()
}


def normal(polynomial):
    """Return a polynomial up to a constant factor."""
    return polynomial / polynomial.lc()


@pytest.mark.parametrize("name", SEARCHED)
def test_known_darboux_polynomials_are_found(name):
    entry = CLASSIC[name]
    family = read_record(entry)
    ring = family.ring()
    found = {normal(d.polynomial): d.cofactors[0] for d in darboux_polynomials(family, SEARCHED[name])}
    laws = [normal(sage(text, ring)) for text in entry["polynomial_integrals"]]
    for known in entry["darboux_polynomials"]:
        polynomial = normal(sage(known["polynomial"], ring))
        assert polynomial in found or polynomial in laws, polynomial
        if polynomial in found:
            assert found[polynomial] == sage(known["cofactor"], ring)


def known_integrals(name):
    """Return the integrals of a record as triples (kind, degree to search, law)."""
    entry, family = CLASSIC[name], FAMILIES[name]
    ring, found = family.ring(), []
    for text in entry["polynomial_integrals"]:
        law = sage(text, ring)
        moving = [i for i in range(family.dimension) if i not in family.constants]
        found.append(("polynomial", max(sum(int(e[i]) for i in moving) for e in law.dict()), law))
    for known in entry["rational_integrals"]:
        found.append(("rational", SEARCHED[name], DarbouxLaw((), sage(known["num"], ring) / sage(known["den"], ring))))
    for known in entry["darboux_function_integrals"]:
        # The data gives the exponents of x^n e^g up to a common factor, which may be -1 for the logarithms alone.
        factors = [(sage(p, ring), sage(n, ring)) for p, n in known["factors"]]
        exponent = sum((sage(g, ring) * sage(n, ring) for g, n in known["exp_factors"]), ring.zero())
        found.append(("darboux", SEARCHED[name], DarbouxLaw(tuple(factors), exponent)))
    return found


@pytest.mark.parametrize("name", CLASSIC)
def test_every_known_integral_is_recovered(name):
    """Of the right kind, and up to equivalence: no integral of the collection is independent of what was found."""
    family = FAMILIES[name]
    fields, ring = family.sparse_fields(), family.ring()
    for kind, degree, known in known_integrals(name):
        result = first_integrals(family, kind=kind, degree=degree, seed=0)
        assert not result.gaps and len(result) > 0
        if kind == "polynomial":
            # In the span over Q(k) of the laws found: at random parameters the rank does not grow.
            at = {ring.gen(i): 1009 + 31 * i for i in family.constants}
            laws = [ring(law).subs(at) for law in [*result.integrals, known]]
            monomials = sorted({m for law in laws for m in law.monomials()})
            rows = matrix(QQ, [[law.monomial_coefficient(m) for m in monomials] for law in laws])
            assert rows.rank() == rows[:-1].rank() == len(laws) - 1
            continue
        assert known.holds_for(fields, ring)
        assert not independent_laws(family, [*result.polynomial_laws, *result.integrals], [known])
        assert independent_laws(family, list(result.polynomial_laws), [known]), (
            "the integral is a function of the polynomial ones"
        )
        assert any(law.is_rational for law in result) == (kind == "rational")


@pytest.mark.parametrize("name", SEARCHED)
def test_every_law_is_an_identity_of_cofactors(name):
    """SymPy differentiates sum n_i log p_i + g along the drift: it must vanish."""
    entry = CLASSIC[name]
    family = read_record(entry)
    symbols = {str(g): sympy.Symbol(f"v_{g}") for g in family.ring().gens()}
    convert = lambda f: (
        sum(
            sympy.Rational(int(c.numerator()), int(c.denominator()))
            * sympy.prod(symbols[str(g)] ** int(e) for g, e in zip(f.parent().gens(), m))
            for m, c in f.dict().items()
        )
        if f
        else sympy.Integer(0)
    )
    ring = family.ring()
    drift = [convert(sage(text, ring)) for text in entry["drift"]]
    for law in darboux_laws(family, SEARCHED[name]):
        h = sum(convert(n) * sympy.log(convert(p)) for p, n in law.factors) + convert(law.exponent)
        total = sum(sympy.diff(h, symbols[v]) * f for v, f in zip(entry["variables"], drift))
        assert sympy.cancel(sympy.together(total)) == 0


def test_negative_systems_have_none():
    halphen = FAMILIES["halphen"]
    assert len(darboux_polynomials(halphen, 2)) == 3 and len(rational_laws(halphen, 2)) == 0
    result = first_integrals(halphen, kind="rational", degree=1)
    assert "no rational first integral" in repr(result) and "3 found" in repr(result) and result.complete is Unknown
    # Jouanolou's field has no Darboux polynomial of any degree.
    assert darboux_polynomials(system(["x", "y", "z"], ["z^2", "x^2", "y^2"]), 3) == ()


def test_the_quartic_of_lorenz():
    found = search_darboux_polynomials(FAMILIES["lorenz_b0_s13"], 4)
    (darboux,) = found.polynomials
    assert found.complete and darboux.cofactors == (QQ((-4, 3)),) and darboux.polynomial.degree() == 4
    # With another sigma there is none.
    other = system(["x", "y", "z"], ["1/5*(y - x)", "r*x - y - x*z", "x*y"], parameters=["r"])
    assert darboux_polynomials(other, 4) == ()


def test_trivial_fields():
    assert darboux_polynomials(system(["x"], ["0"]), 2) == ()
    assert [d.polynomial.degree() for d in darboux_polynomials(system(["x"], ["x^2 - 2"]), 2)] == [2]
    assert first_integrals(system(["x"], ["0"]), kind="darboux", degree=1).integrals == ()
    assert first_integrals(system(["x"], ["1"]), kind="darboux", degree=1).complete is True


def test_complex_pairs_are_found_over_q():
    (pair,) = darboux_polynomials(system(["x", "y"], ["a*x - b*y", "b*x + a*y"], parameters=["a", "b"]), 2)
    assert str(pair.polynomial) == "x^2 + y^2" and str(pair.cofactors[0]) == "2*a"
    # Lines over Q(sqrt(2)) are not searched; their product over Q is.
    assert [str(d.polynomial) for d in darboux_polynomials(system(["x", "y"], ["x + 2*y", "x + y"]), 2)] == [
        "x^2 - 2*y^2"
    ]


def extactic(family, degree):
    """Return the irreducible factors of the extactic determinant that are Darboux: all of this degree divide it
    (Lagutinskii)."""
    ring, fields = family.ring(), family.sparse_fields()
    drift = [to_sage(f, ring) for f in fields[0]]
    row = monomials(ring, degree)
    rows = [row]
    while len(rows) < len(row):
        rows.append([sum(f.derivative(x) * v for x, v in zip(ring.gens(), drift)) for f in rows[-1]])
    determinant = matrix(rows).det()
    assert determinant, "every polynomial of a pencil divides"
    proofs = {p: cofactors_of(p, fields, ring) for p, _ in determinant.factor()}
    return {normal(p) for p, proof in proofs.items() if proof is not None and any(proof) and p.degree() <= degree}


@pytest.mark.parametrize("seed", range(12))
def test_against_the_extactic_polynomial(seed):
    """An algorithm that shares nothing: a determinant, for fields with planted invariant lines and a change of
    coordinates."""
    chance = random.Random(seed)
    ring = PolynomialRing(QQ, "x, y", 2)
    number = lambda: chance.randint(-3, 3)
    line = lambda: number() + number() * ring.gen(0) + number() * ring.gen(1)
    x, y = ring.gens()
    drift = [x * line(), y * line()] if seed % 3 else [line() * line() + number() * x, line() * line()]
    moved = changed(
        [str(v) for v in ring.gens()], drift, [[1, 1], [number(), 1 + number()]] if seed % 2 else [[1, 0], [0, 1]]
    )
    if moved is None:
        return
    try:
        expected = extactic(moved, 1)
    except AssertionError:
        return
    assert {normal(d.polynomial) for d in darboux_polynomials(moved, 1)} == expected


def test_against_the_extactic_polynomial_in_degree_two():
    """Loud's isochronous centre: a circle and a line, also after a linear change of coordinates."""
    ring = FAMILIES["loud_S1"].ring()
    drift = [to_sage(f, ring) for f in FAMILIES["loud_S1"].drift]
    for change in ([[1, 0], [0, 1]], [[1, 1], [0, 1]]):
        moved = changed(["x", "y"], [*drift], change)
        found = {normal(d.polynomial) for d in darboux_polynomials(moved, 2)}
        assert sorted(p.degree() for p in found) == [1, 2]
        for p in found:
            assert cofactors_of(p, moved.sparse_fields(), moved.ring()) is not None


def changed(names, drift, change):
    """Return the system in the coordinates `y = T x`, ``None`` for a singular T."""
    change = matrix(QQ, change)
    if not change.det():
        return None
    ring = drift[0].parent()
    old = dict(zip(ring.gens(), change.inverse() * matrix(ring, len(names), 1, list(ring.gens()))))
    old = {x: v[0] for x, v in old.items()}
    new = change * matrix(ring, len(names), 1, [f.subs(old) for f in drift])
    return system(names, [str(v[0]) for v in new.rows()])


@pytest.mark.parametrize("name, degree", [("halphen", 1), ("lotka_volterra_3d_abc_rational", 1), ("halphen", 2)])
def test_linear_changes_of_coordinates_lose_nothing(name, degree):
    family = FAMILIES[name]
    moved = changed(family.names, [to_sage(f, family.ring()) for f in family.drift], [[1, 2, 0], [0, 1, -1], [1, 0, 1]])
    assert len(darboux_polynomials(moved, degree)) == len(darboux_polynomials(family, degree))


def test_a_change_of_coordinates_with_a_parameter():
    """The quartic of Lorenz in other coordinates: dense, and too large for elimination over Q(r)."""
    ring = FAMILIES["lorenz_b0_s13"].ring()
    r, x, y, z = ring.gens()
    # u = x, v = y + x, w = z - x in the names x, y, z
    old = {x: x, y: y - x, z: z + x}
    dx, dy, dz = (to_sage(f, ring).subs(old) for f in FAMILIES["lorenz_b0_s13"].drift[1:])
    moved = system(["x", "y", "z"], [str(dx), str(dy + dx), str(dz - dx)], parameters=["r"])
    (quartic,) = darboux_polynomials(FAMILIES["lorenz_b0_s13"], 4)
    assert normal(quartic.polynomial.subs(old)) in {normal(ring(d.polynomial)) for d in darboux_polynomials(moved, 4)}


@pytest.mark.parametrize("order", list(permutations(range(3)))[1:])
def test_permuting_the_variables_permutes_the_answer(order):
    family = FAMILIES["may_leonard_sum2"]
    names = ["x", "y", "z"]
    drift = CLASSIC["may_leonard_sum2"]["drift"]
    permuted = system([names[i] for i in order], [drift[i] for i in order], parameters=["a"])
    here = {str(normal(d.polynomial)) for d in darboux_polynomials(family, 1)}
    ring = family.ring()
    there = {str(normal(ring(sage(str(d.polynomial), ring)))) for d in darboux_polynomials(permuted, 1)}
    assert here == there
    assert len(rational_laws(permuted, 1)) == len(rational_laws(family, 1)) > 0


@given(st.integers(2, 5), st.integers(0, 10**6))
@settings(max_examples=12, deadline=None)
def test_random_conservative_lotka_volterra_systems(dimension, seed):
    """x_i' = x_i sum A_ij (x_j - 1) with A skew conserves sum x_i - log x_i (Volterra 1931)."""
    chance = random.Random(seed)
    skew = [[0] * dimension for _ in range(dimension)]
    for i in range(dimension):
        for j in range(i):
            skew[i][j] = chance.choice([-3, -2, -1, 1, 2, 3])
            skew[j][i] = -skew[i][j]
    names = [f"x{i}" for i in range(1, dimension + 1)]
    drift = [
        f"{a}*({' + '.join(f'({value})*({b} - 1)' for value, b in zip(row, names))})" for a, row in zip(names, skew)
    ]
    family = system(names, drift)
    result = first_integrals(family, kind="darboux", degree=1, seed=seed)
    ring = family.ring()
    known = DarbouxLaw(tuple((x, ring(-1)) for x in ring.gens()), sum(ring.gens()))
    assert known.holds_for(family.sparse_fields(), ring)
    assert not independent_laws(family, [*result.polynomial_laws, *result.integrals], [known])
    # A wrong exponent is no law.
    wrong = DarbouxLaw(((ring.gen(0), ring(-2)), *known.factors[1:]), known.exponent)
    assert not wrong.holds_for(family.sparse_fields(), ring)


def test_a_wrong_law_is_rejected():
    family = FAMILIES["sir"]
    fields, ring = family.sparse_fields(), family.ring()
    law = next(law for law in darboux_laws(family, 1) if law.exponent)
    assert law.holds_for(fields, ring)
    assert not DarbouxLaw(law.factors, law.exponent * 2).holds_for(fields, ring)
    assert not DarbouxLaw(law.factors, law.exponent + ring.gens_dict()["S"]).holds_for(fields, ring)
    assert not DarbouxLaw(((sage("S + 1", ring), ring.one()),), ring.zero()).holds_for(fields, ring)


@pytest.mark.parametrize("width", [2, 3, 4])
def test_factorisation_with_one_input_and_output_is_complete(width):
    """theory: 2r - 1 laws, r of them linear; the others are quotients of logarithms, here with conserved
    coefficients."""
    result = first_integrals(networks.nmf(1, width, 1), kind="darboux", degree=1, seed=0)
    assert (len(result.polynomial_laws), len(result.integrals), result.complete) == (width, width - 1, True)
    assert not any(law.is_rational for law in result)


@given(st.lists(st.integers(1, 3), min_size=2, max_size=4))
@settings(max_examples=8, deadline=None)
def test_mirror_flows_have_their_coordinates(powers):
    """M = diag(theta^2) and phi a monomial of exponents a: the fields are phi * sum a_i z_i d_i, D - 1 rational
    laws."""
    ring = PolynomialRing(QQ, len(powers), "u")
    phi = ring.one()
    for u, a in zip(ring.gens(), powers):
        phi *= u**a
    result = first_integrals(
        [phi], flow=flows.gradient(metric=[u**2 for u in ring.gens()]), kind="rational", degree=1, seed=0
    )
    assert result.independent == len(powers) - 1 and result.complete is True
    assert all(law.is_rational for law in result)


def test_several_controls():
    """Two fields, a parameter with the name that the combination would take."""
    family = system(
        ["u", "v", "w"], controls=[["u^2*v", "v^2*u", "0"], ["0", "s0*v^2*w", "s0*w^2*v"]], parameters=["s0"]
    )
    found = darboux_polynomials(family, 1)
    assert [str(d.polynomial) for d in found] == ["u", "v", "w"] and all(len(d.cofactors) == 2 for d in found)
    (law,) = rational_laws(family, 1)
    assert repr(law) == "u*w/v"
    (law,) = rational_laws(system(["u", "v"], controls=[["u^2*v", "v^2*u"]]), 1)
    assert repr(law) == "u/v"


@pytest.mark.parametrize("kind", ["rational", "darboux"])
def test_laws_are_functionally_independent(kind):
    """The six lines x_i +- x_j of the product of three weights give three relations of cofactors, and two independent
    laws."""
    result = first_integrals(networks.product(3), kind=kind, degree=1, seed=0)
    assert len(result.darboux_polynomials.polynomials) == 6
    assert (len(result), result.independent, result.complete) == (2, 2, True)


def test_exponential_factors_with_a_denominator():
    family = system(["x", "y"], ["x^2", "y*(x + 1)"])
    (law,) = first_integrals(family, kind="darboux", degree=1)
    assert repr(law) == "log(x) - log(y) - 1/x" and law.holds_for(family.sparse_fields(), family.ring())


def test_what_was_not_searched_is_said():
    x = [f"x{i}" for i in range(1, 21)]
    many = system(x, [f"{a}*({a} + {b}*{b})" for a, b in zip(x, x[1:] + x[:1])])
    result = first_integrals(many, kind="rational", degree=2)
    assert result.gaps and "only the coordinates were tried" in repr(result) and not result.darboux_polynomials.complete
    assert not result.to_dict()["search_finished"]
    large = search_darboux_polynomials(FAMILIES["kovalevskaya_top"], 12)
    assert "too many" in repr(large)


def test_time_limits_leave_what_is_finished():
    family = FAMILIES["may_leonard_sum2"]
    found = search_darboux_polynomials(family, 9, Deadline(1.5))
    assert found.timed_out and {"x", "y", "z"} <= {str(d.polynomial) for d in found.polynomials}
    assert "time limit of 1.5 s" in repr(found)
    with pytest.raises(TimeLimitReached) as reached:
        first_integrals(family, kind="rational", degree=2, time_limit=0)
    assert reached.value.limit == 0


def test_results_in_every_form(tmp_path):
    result = first_integrals(FAMILIES["sir"], kind="darboux", degree=1, seed=3)
    assert list(result) == [result[0]] and len(result) == 1 and repr(result[0]) == "g*log(S) + b*R"
    assert (
        "log" in result._latex_()
        and "first integral" in first_integrals(FAMILIES["halphen"], kind="rational", degree=1)._latex_()
    )
    record = json.loads(json.dumps(result.to_dict()))
    assert record["integrals"] == ["g*log(S) + b*R"] and record["complete"] is True and record["seed"] == 3
    assert record["parts"][0]["factors"] == [["S", "g"]] and record["parts"][0]["exponent"] == "b*R"
    again = first_integrals(FAMILIES["sir"], kind="darboux", degree=1, seed=3)
    assert again == result
    expression = result[0].expression()
    assert {str(v) for v in expression.variables()} == {"g", "S", "b", "R"}


def sir_file(folder):
    path = folder / "sir.json"
    path.write_text(
        json.dumps({"variables": ["S", "I", "R"], "parameters": ["b", "g"], "drift": ["-b*S*I", "b*S*I - g*I", "g*I"]})
    )
    return str(path)


def test_the_command_integrals(tmp_path, capsys):
    file = sir_file(tmp_path)
    assert cli.main(["integrals", "--system", file, "--kind", "darboux", "--degree", "1"]) == 0
    out = capsys.readouterr().out
    assert "  g*log(S) + b*R\n" in out and "  S + I + R\n" in out and "complete (proved)" in out and "searched:" in out
    assert cli.main(["integrals", "--phi", "u*v", "--metric", "u^2, v^2", "--degree", "1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["integrals"] == ["u/v"]
    assert cli.main(["integrals", "nmf", "1", "2", "1", "--kind", "darboux", "--degree", "1", "--latex"]) == 0
    assert "log" in capsys.readouterr().out
    assert cli.main(["integrals", "--system", file, "--kind", "polynomial", "--degree", "1", "--seed", "1"]) == 0
    assert "S + I + R" in capsys.readouterr().out
    assert cli.main(["integrals", "--help"]) == 0
    assert capsys.readouterr().out.count("sage-conslaw integrals") == 3


def test_the_command_integrals_with_a_time_limit(tmp_path, capsys):
    path = tmp_path / "may.json"
    path.write_text(json.dumps({key: CLASSIC["may_leonard_sum2"][key] for key in ("variables", "parameters", "drift")}))
    assert cli.main(["integrals", "--system", str(path), "--degree", "9", "--time-limit", "3", "--json"]) == 3
    out, err = capsys.readouterr()
    record = json.loads(out)
    assert record["time_limit_reached"] and err.count("\n") == 1 and "time limit" in err
    assert cli.main(["integrals", "--system", str(path), "--time-limit", "0"]) == 3


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["--kind", "elliptic"], "choose 'polynomial', 'rational' or 'darboux'"),
        (["--degree", "0"], "degree"),
        (["--degree", "x"], "not an integer"),
        (["--time-limit", "soon"], "seconds"),
        (["--frobnicate"], "no such option"),
        (["--phi", "x*y"], "one of ARCHITECTURE"),
        (["--metric", "x, y"], "leave out flow"),
    ],
)
def test_unusable_options(arguments, said, tmp_path, capsys):
    assert cli.main(["integrals", "--system", sir_file(tmp_path), *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and said in err


@pytest.mark.parametrize("text, said", [
    ('{"variables": ["x", "y"], "drift": ["x^2 + 3*x*y - gamma(x)*y", "y"]}', "gamma(...) is not a function known"),
    ('{"variables": ["x", "y"], "drift": ["y", "x^2 + 3*x/(y-y) - y"]}', "drift 2 (y')"),
    ('{"variables": ["x", "y"], "drift": ["y", "x^2 + x^(1/y) - y"]}', "the term x^(1/y)"),
    ('{"variables": ["x", "y"], "drift": ["y", "x*y + q"]}', "'q' is not known (known: x, y); allowed"),
    ('{"variables": ["x", "y"], "drift": ["y"]}', "1 component for 2 variables"), ("hello", "not JSON"),
    ('{"variables": ["x", "x"], "drift": ["y", "x"]}', "given twice"),
    ('{"variables": ["x"], "parameters": ["x"], "drift": ["x"]}', "a variable and a parameter"),
    (json.dumps({"variables": [f"x{i}" for i in range(10_000)], "drift": ["0"] * 10_000}), "too many")])
def test_bad_systems(text, said, tmp_path, capsys):
    path = tmp_path / "system.json"
    path.write_text(text)
    assert cli.main(["integrals", "--system", str(path)]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and said in err, err


@pytest.mark.parametrize(
    "call, kind",
    [
        (lambda: first_integrals(3), ValueError),
        (lambda: first_integrals(system(["x"], ["x"]), kind="x"), ValueError),
        (lambda: first_integrals(system(["x"], ["x"]), degree=0), ValueError),
        (lambda: first_integrals(system(["x"], ["x"]), degree=1.5), TypeError),
    ],
)
def test_bad_input(call, kind):
    with pytest.raises(kind):
        call()
