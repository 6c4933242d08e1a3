"""What the two checkers and the schema each list for themselves is the same."""
import json
from importlib import resources

import pytest

from sage_conslaw import check, conservation_laws, networks
from sage_conslaw.certificates import graph_record, growth
from sage_conslaw.certificates.errors import CertificateError
from sage_conslaw.runtime.errors import NotCovered
from sage_conslaw.width.bases import MOST_PARAMETERS


def listed(op):
    schema = json.loads(resources.files("sage_conslaw.certificates").joinpath("schema.json").read_text())
    kinds = [kind["properties"] for kind in schema["$defs"]["node"]["oneOf"] if "function" in kind["properties"]]
    found = [kind["function"] for kind in kinds if kind["op"] == {"const": op}]
    return {name for function in found for name in function.get("enum", [function.get("const")])}


def test_functions_have_the_same_names_everywhere():
    assert listed("cut") == set(check.CUTS)
    assert listed("gate") == set(check.GATES)
    named = {name.removesuffix(graph_record.WITHOUT_LAST) for name in check.CUTS}
    assert named == set(graph_record._KNOWN_CUTS) | set(graph_record._OWN.values())


def test_limits_of_growth_are_the_same():
    assert (check.SMALL_SEGMENT, check.WORDS_EACH) == (MOST_PARAMETERS, growth.WORDS_EACH)


@pytest.mark.parametrize("activation, bias", [("inverse", False), ("inverse root", False), ("exp", True)])
def test_slopes_that_the_value_gives_have_no_record(activation, bias):
    net = networks.perceptron([2, 2, 1], activation=activation, bias=bias)
    with pytest.raises(NotCovered, match="slope"):
        graph_record.network_record(net)


def test_an_exponential_with_a_bias_is_refused():
    check.need_free_slopes(graph_record.network_record(networks.perceptron([2, 2, 1], activation="exp"))["nodes"])
    nodes = [
        {"op": "input", "name": "x", "shape": [2]},
        {"op": "parameter", "name": "b", "shape": [2]},
        {"op": "add", "inputs": [0, 1]},
        {"op": "cut", "function": "exp", "inputs": [2]},
    ]
    with pytest.raises(check.Rejected, match="slope"):
        check.need_free_slopes(nodes)
    with pytest.raises(CertificateError, match="slope"):
        graph_record.rebuilt_network({"nodes": nodes, "output": 3, "parameters": [1]})


def test_a_certificate_of_an_exponential_is_still_accepted():
    record = conservation_laws(networks.perceptron([2, 2, 1], activation="exp"), seed=0).certificate()
    assert "laws" in str(check.verify(record))
