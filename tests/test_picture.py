"""Pictures of graphs: no node covers another, and no arrow runs through a node that it does not join."""
from itertools import combinations

import pytest

from sage_conslaw import networks
from sage_conslaw.graph.picture import _RADIUS, graph, layout, routes


def shared_low_rank():
    """A parameter that is read in two places, and a product of two parameters."""
    x, A, B = networks.input(3), networks.parameter("A", 3, 2), networks.parameter("B", 2, 3)
    return networks.custom((x @ (A @ B)).relu() @ A)


NETWORKS = {
    "product": networks.product(4),
    "relu": networks.relu([2, 3, 3, 2], bias=True),
    "tied": shared_low_rank(),
    "convolution": networks.convolutional([1, 2, 2, 1], size=16, bias=True, pool=2),
    "residual": networks.residual(networks.relu([2, 3, 2])),
    "lora": networks.lora([3, 4, 2], 2),
    "mixture": networks.mixture(2, 2, 3),
    "attention": networks.attention(4, 2, heads=2, bias=True, rotary=True, causal=True, tokens=3),
    "block": networks.transformer_block(4, 4, heads=2),
    "block, post": networks.transformer_block(4, 3, heads=2, norm="rms", mlp="swiglu", order="post", rotary=True),
}


def samples(piece):
    """Return points of a Bezier piece, by De Casteljau's construction."""
    for k in range(21):
        t, points = k / 20, list(piece)
        while len(points) > 1:
            points = [((1 - t) * x + t * u, (1 - t) * y + t * v) for (x, y), (u, v) in zip(points, points[1:])]
        yield points[0]


@pytest.mark.parametrize("name", NETWORKS)
def test_nothing_is_covered(name):
    nodes, edges = graph(NETWORKS[name])
    place = layout(nodes, edges)
    assert list(place) == list(nodes)
    for (x, y), (u, v) in combinations(place.values(), 2):
        assert (x - u) ** 2 + (y - v) ** 2 >= (2 * _RADIUS) ** 2
    for (a, b), pieces in zip(edges, routes(place, edges)):
        assert place[a] != place[b]
        last = None
        for piece in pieces:
            curve = piece if last is None else [last, *piece]
            last = curve[-1]
            for x, y in samples(curve):
                for number, (u, v) in place.items():
                    if number not in (a, b):
                        assert (x - u) ** 2 + (y - v) ** 2 > (0.98 * _RADIUS) ** 2, (
                            f"{nodes[a]} -> {nodes[b]} runs through {nodes[number]}"
                        )
