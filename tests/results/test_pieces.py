"""What results say, piece by piece: names in LaTeX, lines that fit, sentences, records."""
import pytest

from sage_conslaw import (
    InputError, compare_flows, conservation_laws, count_conservation_laws, exceptional_parameters, networks, system,
)
from sage_conslaw._sage import QQ, PolynomialRing, Unknown, latex
from sage_conslaw.results.citation import bibtex
from sage_conslaw.results.comparison import NotCounted
from sage_conslaw.results.display import html_table, latex_name, latex_of, latex_table, law_lines, origin, wrapped
from sage_conslaw.results.exceptional import exceptional_lines
from sage_conslaw.results.on_region import LawsOnRegion


@pytest.mark.parametrize("name, said", [
    ("U1_2_3", "U_{1;2,3}"), ("dU1_2_3", r"\dot{U}_{1;2,3}"), ("x1", "x_{1}"), ("router_1_2", r"\mathrm{router}_{1,2}"),
    ("m_x1", "m_{x_{1}}"), ("u", "u"),
])
def test_names_of_coordinates(name, said):
    assert latex_name(name) == said


def test_laws_in_latex_and_where_they_live():
    u, v = PolynomialRing(QQ, "U1_1_2, V_1").gens()
    assert latex_of(u**2 - 2 * v) == "U_{1;1,2}^{2} - 2 V_{1}"
    p, cosine = PolynomialRing(QQ, "p, cos_q").gens()
    assert latex_of(p**2 - 2 * cosine, [("cos_q", "cos(q)")]) == r"p^{2} - 2 \cos(q)"
    a, _, da, s = PolynomialRing(QQ, "U1_1_1, U2_1_1, dU1_1_1, s").gens()
    assert origin((s * a * da).variables(), (("U1", (1, 1)), ("U2", (1, 1)))) == "U1, dU1, s"


def test_long_laws_are_broken_at_signs_and_cut():
    assert wrapped("x^2 - y^2 + z^2 - w^2", width=20) == "  x^2 - y^2 + z^2\n    - w^2"
    assert wrapped(" + ".join(f"x{i}^2" for i in range(500))).splitlines()[-1].strip() == "... (500 terms)"


def test_a_product_in_every_form():
    r = conservation_laws(networks.product(3), seed=0)
    assert repr(r) == "2 independent laws of degree at most 2 in 3 parameters, complete (proved, no assumption)"
    assert law_lines(r) == [
        "  x1^2 - x2^2", "  x1^2 - x3^2", "  (no assumption: the network is polynomial, and the model is the network)"
    ]
    assert r"x_{1}^{2} - x_{2}^{2} & 2 & \mathrm{x1,\ x2}" in str(latex(r)) and html_table(r).count("<tr>") == 3
    count = count_conservation_laws(networks.product(3), seed=0)
    assert count._repr_html_() == "<p><b>2 independent laws in 3 parameters (proved, no assumption)</b></p>"
    assert int(count) == 2
    with pytest.raises(InputError, match="lists the laws: take that of conservation_laws"):
        count.certificate()


def test_matrices_in_a_table_and_a_record():
    r = conservation_laws(networks.linear([2, 2, 2]), seed=0)
    row = r"U_{1}^\top U_{1} - U_{2} U_{2}^\top \quad \text{(symmetric 2 x 2: 3 laws)} & 2 & \mathrm{U1,\ U2}"
    assert row in latex_table(r) and (r.independent_laws_found, r.eps_zero) == (3, ())
    r = conservation_laws(networks.linear([2, 1, 2]), seed=0)
    assert r.to_dict()["laws"] == ["U1_1_1^2 + U1_2_1^2 - U2_1_1^2 - U2_1_2^2"] and html_table(r).count("<tr>") == 2


def test_only_the_scale_of_what_a_norm_reads_needs_eps_zero():
    r = conservation_laws(networks.normalised(2, 2, 1, norm="rms"), seed=0)
    assert [str(r.laws[i]) for i in r.eps_zero] == ["W_1_1^2 + W_1_2^2 + W_2_1^2 + W_2_2^2"]


def test_a_number_is_a_polynomial_in_the_sizes():
    assert count_conservation_laws(networks.relu([4, 3, 5]), seed=0).polynomial_in_sizes().terms == {(3,): 1}


def test_what_is_compared_and_what_is_not_counted():
    assert compare_flows(networks.linear([1, 2, 2]), seed=0).loss == 2
    assert NotCounted("no flow").number is None
    # A difference of numbers that are not both proved may be another one, and says so.
    unsure = compare_flows(networks.normalised(2, 2, 2, norm="layer"), ["rmsprop", "sgd"], seed=0)
    assert "conservation loss: 1 (probable)" in str(unsure)
    assert "conservation loss: 2\n" in str(compare_flows(networks.linear([1, 2, 2]), seed=0)) + "\n"


def test_branches_as_records_and_lines():
    found = exceptional_parameters(system(["x"], ["k*x"], parameters=["k"]), seed=0)
    assert found.branches[0].to_dict()["condition"] == ["k"]
    empty = {"exceptional": [], "exceptional_searched": "all branches", "exceptional_not_followed": []}
    assert exceptional_lines(empty) == ["no exceptional parameter values", "searched: all branches"]


def test_the_package_is_cited_also_alone():
    assert bibtex([]).startswith("@software{sage_conslaw,\n") and bibtex(["MGP2023"]).count("@") == 2


def test_a_list_that_was_read_keeps_what_is_not_known():
    r = conservation_laws(networks.linear([1, 2, 2, 1]), seed=0, proof=False)
    assert r.complete is Unknown or r.complete is False
    assert type(r).from_dict(r.to_dict()).complete is r.complete


def test_a_region_is_named_by_a_point_inside():
    region = LawsOnRegion((), (), (1, -2.0), 2, True)
    assert region.where() == "on the region of activation around (1, -2)" and region.to_dict()["point"] == ["1", "-2"]
    assert LawsOnRegion((), (), (1,), None, True).where().startswith("on the region of equal signs")
