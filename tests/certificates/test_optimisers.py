"""Certificates of optimisers: those that are a gradient or momentum flow have them, others say that there is none."""
from dataclasses import replace
from fractions import Fraction

import pytest

from sage_conslaw import check as plain
from sage_conslaw import conservation_laws, flows, networks
from sage_conslaw.certificates import checker
from sage_conslaw.flows.groups import Groups
from sage_conslaw.runtime.errors import NotCovered

NET = networks.linear([2, 2, 2])


@pytest.mark.parametrize(
    "name, words",
    [
        ("sgd", "gradient"),
        ("asgd", "gradient"),
        ("clipped", "gradient"),
        ("normalised", "gradient"),
        ("sgd:lr=0.01,momentum=0.9", "momentum"),
        ("clipped:lr=0.01,momentum=0.9,weight_decay=0.1", "momentum"),
    ],
)
def test_what_is_a_flow_has_its_certificate(name, words):
    certificate = conservation_laws(NET, flow=name, seed=0).certificate()
    assert certificate["problem"]["flow"]["name"] == words and "scaled" not in str(certificate["problem"])
    checker.examine(certificate)
    assert plain.verify(certificate)


def test_groups_of_rates_are_a_metric_in_the_certificate():
    groups = Groups(None, None, (Fraction(1), Fraction(3, 2)), (Fraction(0), Fraction(0)))
    for flow in (flows.gradient(), flows.momentum(1)):
        certificate = conservation_laws(NET, flow=replace(flow, groups=groups), seed=0).certificate()
        assert certificate["problem"]["flow"]["metric"]["entries"][-1] == [7, 7, "3/2"]
        checker.examine(certificate)
        assert plain.verify(certificate)
    frozen = replace(groups, rates=(Fraction(0), Fraction(1)))
    with pytest.raises(NotCovered, match="without decay and frozen arrays"):
        conservation_laws(NET, flow=replace(flows.gradient(), groups=frozen), seed=0).certificate()


@pytest.mark.parametrize("name", ["lars", "sign", "adam", "rprop", "sgdw:momentum=0.9,weight_decay=0.1"])
def test_others_say_that_there_is_none(name):
    with pytest.raises(NotCovered, match="has no certificate: a checker rebuilds gradient and momentum flows only"):
        conservation_laws(networks.product(2), flow=name, seed=0).certificate()
