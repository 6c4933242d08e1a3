"""Matrix notation is read as it is printed: each law that is printed is conserved when it is typed in again."""
import pytest

from sage_conslaw import InputError, conservation_laws, count_conservation_laws, flows, is_conserved, networks
from sage_conslaw.runtime.errors import NotCovered

CASES = [
    (networks.linear([3, 2, 3]), {}),
    (networks.linear([1, 2, 1]), {"loss": "cross-entropy"}),
    (networks.relu([2, 3, 2], bias=True), {}),
    (networks.linear([2, 2, 2]), {"flow": flows.momentum(tau=1)}),
    (networks.linear([2, 2, 2]), {"flow": flows.nesterov()}),
    (networks.attention(4, 2, heads=2, bias=True), {}),
    (networks.attention(4, 4, rotary=True), {}),
    (networks.attention(4, 4, heads=2, kv_heads=1), {}),
    (networks.attention(6, 3, heads=4, kv_heads=2), {}),
    (networks.icnn(2, 3, 2), {"loss": "cross-entropy"}),
    (networks.convolutional([1, 2, 1], size=6, pool=2), {}),
    (networks.product(3), {}),
]


@pytest.mark.parametrize("net, options", CASES, ids=str)
def test_what_is_printed_is_read(net, options):
    result = conservation_laws(net, seed=0, real=False, **options)
    assert result.matrix_laws()
    for law in result.matrix_laws():
        assert is_conserved(law, net, **options)
        assert is_conserved(str(law), net, **options)
        # Another factor in one of the terms, and it is no law any more.
        if " - " in law.text and "loss" not in options and not law.shape.startswith("skew"):
            assert not is_conserved(str(law).replace(" - ", " - 3*", 1).replace("3*2*", "6*"), net, **options)


@pytest.mark.parametrize("text, said", [
    ("U1^T U1 - U2 U2^T", True),
    ("U1.T @ U1 - U2 @ U2.T", True),
    ("  U1^T  U1 - U2 U2^T (symmetric 2 x 2: 3 laws)", True),
    ("U2 U2^T - U1^T U1", True),
    ("1/2*U1^T U1 - 1/2*U2 U2^T", True),
    ("|U1|^2 - |U2|^2", True),
    ("|U1[:,j]|^2 - |U2[j,:]|^2 for each j", True),
    ("U1^T U1", False),
    ("U1 U1^T - U2^T U2", False),
    ("|U1[:,j]|^2", False),
    ("U2 1", False),
])
def test_expressions_that_people_write(text, said):
    assert is_conserved(text, networks.linear([3, 2, 3])) is said


def test_blocks_are_meant_where_they_are_said():
    net = networks.attention(4, 2, heads=2)
    assert is_conserved("Q^T Q - K^T K (block diagonal, 2 symmetric blocks 2 x 2: 6 laws)", net)
    assert not is_conserved("Q^T Q - K^T K", net)


@pytest.mark.parametrize("text, words", [
    ("U9^T U1", "no matrix notation of the parameters U1, U2"),
    ("U1^T U1 - |U2|^2", "not all of one size"),
    ("U1^T U2^T U1", "no matrix notation"),
    ("|U1", "no matrix notation"),
    ("W[", "no matrix notation"),
])
def test_what_is_no_notation(text, words):
    with pytest.raises(InputError, match=words):
        is_conserved(text, networks.linear([3, 2, 3]))


def test_polynomials_keep_their_messages():
    for text in ("x +", "y", "x1 x2"):
        with pytest.raises(InputError) as error:
            is_conserved(text, networks.product(3))
        assert "matrix" not in str(error.value)


def test_laws_of_wide_networks_have_no_entries():
    net = networks.lora([768, 768], rank=8)
    (law,) = count_conservation_laws(net, seed=0).matrix_laws()
    with pytest.raises(NotCovered, match="smaller width"):
        is_conserved(law, net)
