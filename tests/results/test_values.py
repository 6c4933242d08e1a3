"""Results are values: kept, read back, equal, and asked about in the words in which they are printed."""
import json
import pickle

import numpy as np
import pytest

from sage_conslaw import conservation_laws, count_conservation_laws, flows, is_conserved, networks, system
from sage_conslaw._sage import QQ, PolynomialRing
from sage_conslaw.runtime.errors import InputError

R = PolynomialRing(QQ, "u, v, w")
KINDS = {
    "linear": (lambda: networks.linear([2, 2, 2]), {}),
    "relu": (lambda: networks.relu([1, 2, 1], bias=True), {}),
    "heads": (lambda: networks.attention(2, 1, heads=2), {}),
    "cross-entropy": (lambda: networks.linear([2, 3]), {"loss": "cross-entropy"}),
    "momentum": (lambda: networks.linear([2, 2, 2]), {"flow": flows.momentum(tau="1/2")}),
    "nesterov": (lambda: networks.linear([2, 2, 2]), {"flow": "nesterov"}),
    "decay": (lambda: networks.linear([2, 2, 2]), {"flow": "sgd:weight_decay=0.25"}),
    "sign": (lambda: networks.linear([1, 2, 3]), {"flow": "sign"}),
    "sign in columns": (lambda: networks.linear([3, 2, 1]), {"flow": "sign"}),
    "adam": (lambda: networks.linear([1, 3]), {"flow": "adam", "loss": "cross-entropy"}),
    "steepest": (lambda: networks.product(2), {"flow": flows.weight_decay("1/2", flows.steepest(4))}),
    "data": (lambda: networks.linear([2, 2]), {"data": ([[1, 2]], [[1, 0]])}),
    "phi": (lambda: [R("u*v*w")], {}),
    "system": (lambda: system(["q", "p"], ["p", "-sin(q)"]), {}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_results_are_values(kind):
    make, given = KINDS[kind]
    subject = make()
    result, count = (call(subject, seed=0, **given) for call in (conservation_laws, count_conservation_laws))
    for value in (result, count):
        assert pickle.loads(pickle.dumps(value)) == value
        again = type(value).from_dict(json.loads(json.dumps(value.to_dict())))
        assert again == value and hash(again) == hash(value) and repr(again) == repr(value)
    assert int(count) == count.number >= len(result.independent_laws) and len(result) == len(result.laws)
    asked = {"flow": given.get("flow"), "loss": given.get("loss"), "data": given.get("data")}
    printed = [*map(str, result.matrix_laws()), *result.matrix_laws(), *result.readable_laws(), *result.laws]
    assert printed
    for law in printed:
        assert is_conserved(law, subject, **asked), law
    if kind != "system":
        first = str(subject[0].parent().gen(0)) if kind == "phi" else next(iter(result.problem.family.ring().gens()))
        assert not is_conserved(f"{first}^3", subject, **asked)


def test_slices_are_written_in_one_pair_of_brackets():
    laws = conservation_laws(networks.linear([1, 2, 3]), flow="sign", seed=0)
    assert [str(law) for law in laws.matrix_laws()] == ["U2[0,j] - U2[1,j] for each j (3 laws)"]
    assert laws.matrix_laws()[0].latex == r"U_{2}[0,j] - U_{2}[1,j] \quad \forall j"


def test_records_are_evaluated_and_say_what_they_lack():
    result = conservation_laws(networks.linear([2, 1, 2]), seed=0)
    again = type(result).from_dict(result.to_dict())
    point = {"U1": np.array([[1.0], [2.0]]), "U2": np.array([[3.0, 4.0]])}
    assert list(map(float, again.evaluate(point).values())) == [-20] == list(result.evaluate(point)["|U1|^2 - |U2|^2"])
    assert again.generators() == result.generators()
    with pytest.raises(InputError, match="no number for the coordinate U2_1_1"):
        again.evaluate({"U1": point["U1"], "U2": [3.0]})
    for value in (again, type(count := count_conservation_laws(networks.product(2))).from_dict(count.to_dict())):
        with pytest.raises(InputError, match="read from a record"):
            value.certificate()
