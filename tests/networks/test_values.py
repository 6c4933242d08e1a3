"""Networks and results are values: pickles, equality, records."""
import pickle

import pytest

from sage_conslaw import InputError, VectorFieldFamily, conservation_laws, count_conservation_laws, flows, networks
from sage_conslaw._sage import QQ, PolynomialRing
from sage_conslaw.results.count import LawCount
from sage_conslaw.results.laws import ConservationLaws


def catalog():
    """Return networks of every kind, made anew."""
    x, a = networks.input(3), networks.parameter("a", 3)
    return [
        networks.product(3),
        networks.linear([2, 2, 2]),
        networks.relu([2, 3, 1], bias=True),
        networks.nmf(2, 2, 2),
        networks.icnn(2, 2, 1),
        networks.attention(4, 2, heads=2, rotary=True, causal=True, tokens=3),
        networks.transformer_block(4, 3),
        networks.mixture(2, 1, 3),
        networks.mixture(2, 1, 2, gate="normalised sigmoid", active=1),
        networks.convolutional([1, 2, 1], size=6, pool=2),
        networks.lora([3, 2]),
        networks.normalised(2, 3, 2, norm="batch"),
        networks.perceptron([2, 2, 2], activation="dropout"),
        networks.perceptron([2, 2, 2], activation="gelu"),
        networks.custom((x * a.tanh()).softmax(mask=[1, 0, 1]) @ networks.parameter("W", 3, 2)),
    ]


@pytest.mark.parametrize("number", range(len(catalog())))
def test_pickles_and_equality(number):
    net, again = catalog()[number], catalog()[number]
    back = pickle.loads(pickle.dumps(net))
    assert net == again == back and hash(net) == hash(again) == hash(back) and repr(back) == repr(net)
    assert all(net != other for other in catalog()[:number])
    result = conservation_laws(net, seed=0)
    copy = pickle.loads(pickle.dumps(result))
    assert copy == result and copy.laws == result.laws and copy.matrix_laws() == result.matrix_laws()
    assert conservation_laws(back, seed=0) == result


def test_other_names_constants_and_masks_are_other_networks():
    x = networks.input(2)
    def one(name="W", factor=1, mask=(1, 1)):
        return networks.custom((factor * (x @ networks.parameter(name, 2, 2))).softmax(mask=mask))
    assert one() == one() != one("V") and one() != one(factor=2) and one() != one(mask=(0, 1)) and one() != "W"
    assert networks.linear([2, 1, 2]) != networks.linear([2, 2, 2])


def test_deep_networks_have_pickles():
    net = networks.relu([2] * 400 + [1])
    assert pickle.loads(pickle.dumps(net)) == net


R = PolynomialRing(QQ, "u,v")
u, v = R.gens()
RESULTS = [
    lambda: conservation_laws([u * v], seed=0),
    lambda: conservation_laws(VectorFieldFamily(drift=[v, -u]), seed=0),
    lambda: conservation_laws(networks.linear([2, 2, 1]), flow=flows.momentum(1), seed=0),
    lambda: conservation_laws(networks.linear([2, 2, 1]), flow="nesterov", seed=0),
    lambda: conservation_laws(networks.nmf(2, 2, 1), seed=0),
    lambda: conservation_laws(networks.icnn(2, 2, 1), seed=0),
    lambda: conservation_laws(networks.relu([2, 2, 2]), loss="cross-entropy", seed=0),
    lambda: count_conservation_laws(networks.linear([1, 2, 2, 1]), seed=0),
    lambda: count_conservation_laws(networks.normalised(2, 4, 1, norm="rms", gain=False), seed=0),
]


@pytest.mark.parametrize("make", RESULTS)
def test_results_pickle_and_come_back_from_their_records(make, tmp_path):
    result = make()
    copy = pickle.loads(pickle.dumps(result))
    assert copy == result and repr(copy) == repr(result)
    result.save(str(tmp_path / "result.sobj"))
    record = result.to_dict()
    again = type(result).from_dict(record)
    assert again.to_dict() == record and repr(again) == repr(result) and again.number == result.number
    if isinstance(result, ConservationLaws):
        assert all(law.parent()(str(read)) == law for law, read in zip(result.laws, again.laws, strict=True))
        assert len(again.independent_laws) == len(result.independent)
        assert (
            set(result.independent_laws) <= set(result.laws)
            and len(result.independent_laws) == result.independent_laws_found
        )
    assert int(result) == result.number


def test_bounds_are_no_number():
    x, a = networks.input(2), networks.parameter("a", 2)
    result = count_conservation_laws(networks.custom(x * a.relu()), seed=0, real=False)
    assert result.status == "bounded"
    with pytest.raises(InputError, match="between 0 and 2"):
        int(result)
    for wrong in ("text", {}):
        with pytest.raises(InputError):
            LawCount.from_dict(wrong)
