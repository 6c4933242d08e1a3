"""Where an axis is not known the rest of a network is counted, and the segment is named."""
import numpy as np
import pytest
from random_graphs import random_network

from sage_conslaw import count_conservation_laws, networks
from sage_conslaw.flows.problem import problem
from sage_conslaw.width import true_width
from sage_conslaw.width.axes import Unknown
from sage_conslaw.width.true_width import TrueWidth, width_of


def scrambled(n, seed=0):
    """A perceptron whose hidden units are mixed up, some twice, between two others that are not."""
    random, P = np.random.default_rng(seed), networks.parameter
    x = networks.input(n)
    h = (x @ P("A", n, n + 1)).gelu() @ P("B", n + 1, n)
    h = h.gather(random.integers(0, n, n)).gelu() @ P("C", n, 3)
    return networks.custom(h.relu() @ P("D", 3, 2))


def opened(net, loss=None):
    width = TrueWidth(problem(net, loss=loss).family.response, opening=True)
    found = width.counted(np.random.default_rng(0))
    return found, found.rank, found.laws


def test_the_rest_is_counted():
    width, rank, laws = opened(scrambled(40))
    number = {segment.names: (segment.found.rank, segment.found.laws) for segment in width.segments}
    assert number["A",] == (40 * 41, 0) and number["C", "D"] == (3 * 42 - 3, 3)
    assert number["B",] == (0, 0) and rank + laws == scrambled(40).dimension - 40 * 41
    assert width.blame == ["B: between 0 and 1640 laws; the axes of a Gather are not known"]


@pytest.mark.parametrize("seed", range(4))
def test_bounds_hold_densely(seed):
    net = scrambled(3, seed)
    _, rank, laws = opened(net)
    assert laws <= count_conservation_laws(net, seed=0).number <= net.dimension - rank


@pytest.mark.parametrize("seed", [3, 17, 29, 31, 40, 44])
def test_anything_may_be_opened(seed, monkeypatch):
    """Bounds hold whatever operation is said to be unknown."""
    net = random_network(seed)
    response = problem(net).family.response
    response = response.coarse if response.coarse is not None and not response.coarse.forgotten else response
    inner = [node for node in response.order if node.inputs and any(node in root.ancestors()
                                                                    for root, _ in response.pairings)]
    count, random = count_conservation_laws(net, seed=1, real=False).number, np.random.default_rng(seed)
    for node in random.permutation(np.array(inner, dtype=object))[:3]:
        tie = true_width.cut_in_parts

        def refused(form, node=node):
            if node in form.order:
                raise Unknown("it is hidden from view", node)
            return tie(form)
        monkeypatch.setattr(true_width, "normal_form", lambda response: response)
        monkeypatch.setattr(true_width, "cut_in_parts", refused)
        try:
            width = TrueWidth(response, opening=True)
        except Unknown:
            continue
        finally:
            monkeypatch.undo()
        rank, laws = width.bounds(np.random.default_rng(0))
        assert laws <= count <= net.dimension - rank


def test_large_networks_are_not_refused():
    net = scrambled(120)
    width = width_of(problem(net).family)
    assert width is not None and width.reasons == {"unknown 1": "the axes of a Gather are not known"}
    result = count_conservation_laws(net, seed=0)
    record = result.to_dict()
    assert record["status"] == "bounded" and "Gather" in str(record["open_segments"])
