"""Matrix notation is whole: every law is an entry of an expression or a polynomial beside them, and each printed value
is
that of the polynomials."""
import numpy as np
import pytest

from sage_conslaw import conservation_laws, flows, is_conserved, networks
from sage_conslaw.exact.terms import to_sage
from sage_conslaw.notation.evaluation import rest_of
from sage_conslaw.results.display import law_lines


def masked():
    """A sparse factorisation: two blocks of hidden units, and zeros that never move."""
    first = networks.fixed("M1", 3, 4, values=[[1, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1]])
    second = networks.fixed("M2", 4, 3, values=[[1, 1, 0], [1, 1, 0], [0, 0, 1], [0, 0, 1]])
    U, V = networks.parameter("U", 3, 4), networks.parameter("V", 4, 3)
    return networks.custom(networks.input(3) @ (U * first) @ (V * second))


def masked_unevenly():
    first = networks.fixed("M1", 3, 4, values=[[1, 0, 1, 0], [0, 1, 0, 0], [1, 0, 1, 1]])
    second = networks.fixed("M2", 4, 3, values=[[1, 0, 1], [1, 1, 0], [1, 0, 1], [0, 0, 1]])
    U, V = networks.parameter("U", 3, 4), networks.parameter("V", 4, 3)
    return networks.custom(networks.input(3) @ (U * first) @ (V * second))


def gathered():
    """A sparse factorisation whose entries are two vectors: a Gram matrix of no axis."""
    first = [0, 1, -1, -1, 2, 3, -1, -1, -1, -1, 4, 5]
    second = [0, 1, -1, 2, 3, -1, -1, -1, 4, -1, -1, 5]
    p, q = networks.parameter("p", 6), networks.parameter("q", 6)
    return networks.custom(networks.input(3) @ p.gather(first).reshape(3, 4) @ q.gather(second).reshape(4, 3))


def joined():
    """A U: what the encoder found goes beside what the decoder has."""
    x, a, b = networks.input(2), networks.parameter("a", 2, 3), networks.parameter("b", 3, 2)
    hidden = (x @ a).relu()
    both = networks.concatenate([hidden, (hidden @ b).relu()], -1)
    return networks.custom((both @ networks.parameter("c", 5, 2)).relu() @ networks.parameter("d", 2, 2))


def flattened_head():
    hidden = (networks.input(4, 3) @ networks.parameter("W", 3, 2)).relu()
    return networks.custom(hidden.reshape(8) @ networks.parameter("H", 8, 2))


def difference_of_squares(*shape):
    u, v = networks.parameter("u", *shape), networks.parameter("v", *shape)
    return networks.custom((networks.input(*shape) * (u * u - v * v)).sum())


def siamese():
    W, x, y = networks.parameter("W", 3, 2), networks.input(3), networks.input(3, name="y")
    return networks.custom(((x @ W).relu() - (y @ W).relu()) @ networks.parameter("V", 2, 1))


CASES = {
    "masked": (masked, {}, 18, 0),
    "masked unevenly": (masked_unevenly, {}, None, 0),
    "gathered": (gathered, {}, 6, 2),
    "flattened head": (flattened_head, {}, 2, 0),
    "u*u - v*v": (lambda: difference_of_squares(4), {}, 4, 0),
    "u*u - v*v of matrices": (lambda: difference_of_squares(2, 3), {}, 6, 0),
    "siamese": (siamese, {}, 2, 0),
    "siamese, cross-entropy": (siamese, {"loss": "cross-entropy"}, None, 0),
    "icnn, cross-entropy": (lambda: networks.icnn(2, 3, 2), {"loss": "cross-entropy"}, 6, 0),
    "1, 2, 1 with momentum": (lambda: networks.linear([1, 2, 1]), {"flow": flows.momentum(tau=1)}, 2, 1),
    "convolution": (lambda: networks.convolutional([1, 2, 2, 1], size=16, bias=True, pool=2), {}, 4, 0),
    "grouped heads": (lambda: networks.attention(4, 2, heads=4, kv_heads=2, rotary=True, bias=True), {}, None, 0),
    "block": (lambda: networks.transformer_block(4, 3, heads=2), {}, None, 0),
    "mixture": (lambda: networks.mixture(2, 1, 2, gate="normalised sigmoid"), {}, None, 0),
    "norm": (lambda: networks.normalised(3, 3, 2, norm="rms", gain=False, bias=False), {}, None, 0),
}


@pytest.mark.parametrize("name", CASES)
def test_laws_in_expressions_and_beside_them_are_all(name):
    make, options, number, beside = CASES[name]
    net = make()
    result = conservation_laws(net, seed=0, real=False, **options)
    expressions = result.matrix_laws()
    rest = rest_of(result, expressions)
    assert number is None or len(result.independent) == number
    assert sum(law.independent for law in expressions) + len(rest) == len(result.independent)
    assert len(rest) == beside
    ring = result.problem.family.ring()
    for law in expressions:
        assert len(law.entries) == law.laws
        assert is_conserved(to_sage(law.entries[-1], ring), net, **options)
    text = "\n".join(law_lines(result, width=300))
    assert all(f"in matrix notation: {law}" in text for law in expressions)
    assert f"{len(rest)} as polynomial" in text or not rest or not expressions


@pytest.mark.parametrize("name", CASES)
def test_values_are_those_of_the_polynomials(name):
    make, options, *_ = CASES[name]
    result = conservation_laws(make(), seed=0, real=False, **options)
    state = np.random.default_rng(1).normal(size=result.state_dimension)
    for law in result.matrix_laws():
        values = np.abs(np.asarray(law.value(state), dtype=float)).ravel()
        for entry in law.entries:
            number = sum(float(c) * np.prod([state[i] for i in monomial]) for monomial, c in entry.items())
            assert np.isclose(values, abs(number), rtol=1e-9, atol=1e-12).any(), (law, entry)


def test_known_words():
    words = {name: [str(law) for law in conservation_laws(CASES[name][0](), seed=0).matrix_laws()]
             for name in ("masked", "masked unevenly", "u*u - v*v", "u*u - v*v of matrices", "siamese")}
    assert words["masked"][-1] == "U^T U - V V^T (block diagonal, 2 symmetric blocks 2 x 2: 6 laws)"
    assert words["masked"][0] == "U_1_3, U_1_4, U_2_3, U_2_4, U_3_1, U_3_2 (6 laws)"
    assert "symmetric 4 x 4, the entries within {1,3}, and the diagonal: 5 laws" in words["masked unevenly"][-1]
    assert words["u*u - v*v"] == ["u[j]*v[j] for each j (4 laws)"]
    assert words["u*u - v*v of matrices"] == ["u * v entry by entry (6 laws)"]
    assert words["siamese"] == ["|W[:,j]|^2 - |V[j,:]|^2 for each j (2 laws)"]


def test_latex_and_html_have_matrix_notation_and_what_it_leaves():
    result = conservation_laws(gathered(), seed=0)
    for text in (result._latex_(), result._repr_html_()):
        assert r"p_{" in text and r"\|p\|^2 - \|q\|^2" in text
    result = conservation_laws(networks.linear([3, 2, 3]), seed=0)
    assert r"U_{1}^\top U_{1} - U_{2} U_{2}^\top" in result._latex_() and "U_{1;1,1}" not in result._latex_()
    assert r"U_{1}^\top U_{1} - U_{2} U_{2}^\top" in result._repr_html_()


def test_latex_of_names_with_several_letters_of_the_time_and_of_blocks():
    words = conservation_laws(networks.attention(4, 2, bias=True), seed=0)._latex_()
    assert r"\mathrm{bQ} \, \mathrm{bQ}^\top" in words and r"Q^\top Q" in words
    assert r"\exp(t)\," in conservation_laws(networks.linear([2, 2, 2]), flow=flows.momentum(tau=1), seed=0)._latex_()
    grouped = conservation_laws(networks.attention(4, 2, heads=2, kv_heads=1), seed=0, real=False)._latex_()
    assert r"Q^{(h)\top} Q^{(h)}" in grouped and "_h" not in grouped


def test_joined_channels_have_the_laws_of_their_slices():
    laws = conservation_laws(joined(), seed=0).matrix_laws()
    assert sorted(str(law) for law in laws) == [
        "|a[:,j]|^2 - |b[j,:]|^2 - |c[0:3][j,:]|^2 for each j (3 laws)",
        "|b[:,j]|^2 - |c[3:5][j,:]|^2 for each j (2 laws)",
        "|c[:,j]|^2 - |d[j,:]|^2 for each j (2 laws)",
    ]
    assert all(is_conserved(str(law), joined()) for law in laws)


@pytest.mark.parametrize("net", [masked, masked_unevenly, gathered], ids=lambda make: make.__name__)
def test_what_is_printed_is_read(net):
    """Also entries that never move: all of an array, a slice of it, or some by their names."""
    laws = conservation_laws(net(), seed=0).matrix_laws()
    assert laws and all(is_conserved(str(law), net()) for law in laws)
    assert not is_conserved("U[0:1], every entry" if net != gathered else "p[0:2]", net())
