"""Pictures of graphs: no box covers another, no arrow runs through a box that it does not join, and labels can be
read."""
import re
import xml.etree.ElementTree as ElementTree
from itertools import combinations

import pytest
from click.testing import CliRunner

from sage_conslaw import networks
from sage_conslaw.cli.command import cli
from sage_conslaw.graph.folding import Frame, boxes, folded
from sage_conslaw.graph.layers import LETTER, layout
from sage_conslaw.graph.nodes import graph
from sage_conslaw.graph.svg import bounds, rectangle, svg
from sage_conslaw.networks.transformer import self_attention


def shared_low_rank():
    """A parameter that is read in two places, and a product of two parameters."""
    x, A, B = networks.input(3), networks.parameter("A", 3, 2), networks.parameter("B", 2, 3)
    return networks.custom((x @ (A @ B)).relu() @ A)


HEADS = {"heads": 2, "kv_heads": 2, "value_dim": 2, "bias": False, "rotary": False, "causal": False}


def blocks(number):
    """Transformer blocks between an embedding and a head."""
    x = networks.input(3, 4) @ networks.parameter("embedding", 4, 4)
    for k in range(1, number + 1):
        x = x + self_attention(x.layer_norm(), 2, HEADS, suffix=f"_{k}")
        hidden = (x.layer_norm() @ networks.parameter(f"up_{k}", 4, 6)).gelu()
        x = x + hidden @ networks.parameter(f"down_{k}", 6, 4)
    return networks.custom(x.layer_norm() @ networks.parameter("head", 4, 2))


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
    "two blocks": blocks(2),
    "twelve blocks": blocks(12),
}


def samples(start, end):
    """Return points of a piece of an arrow: a curve that begins and ends upright."""
    (x, y), (u, v) = start, end
    for k in range(21):
        t = k / 20
        yield x + (u - x) * (3 * t**2 - 2 * t**3), y + (v - y) * (1.5 * t - 1.5 * t**2 + t**3)


@pytest.mark.parametrize("name", NETWORKS)
def test_nothing_is_covered(name):
    shown, _ = folded(boxes(NETWORKS[name]))
    picture = layout(shown)
    assert list(shown) == sorted(picture.places) and len(picture.arrows) == sum(len(b.sources) for b in shown.values())
    for one, two in combinations(map(rectangle, picture.places.values()), 2):
        assert one[2] < two[0] or two[2] < one[0] or one[3] < two[1] or two[3] < one[1]
    for points in picture.arrows:
        for piece in zip(points, points[1:]):
            for x, y in list(samples(*piece))[1:-1]:
                for left, top, right, bottom in map(rectangle, picture.places.values()):
                    assert not (left < x < right and top < y < bottom)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_parameter_is_shown_and_its_label_fits(name):
    net = NETWORKS[name]
    text = svg(net)
    root = ElementTree.fromstring(text)
    assert re.search(r'font-size="12"', text) and float(root.get("width")) < 1300
    shown, frames = folded(boxes(net))
    words = [line[1].removeprefix("+ ").removeprefix("* ") for box in shown.values() for line in box.lines]
    if not frames:
        assert set(net.parameters) <= set(words)
    places = layout(shown).places
    for n, box in shown.items():
        assert all(LETTER * (len(line[1]) + len(line[2])) < places[n].width for line in box.lines)


@pytest.mark.parametrize("number", [2, 5, 12])
def test_equal_blocks_are_drawn_once(number):
    once, none = folded(boxes(blocks(1)))
    shown, (frame,) = folded(boxes(blocks(number)))
    assert not none and frame.times == number and len(shown) == len(once)
    words = [line[1] for box in shown.values() for line in box.lines]
    assert f"up_1...{number}" in words and "embedding" in words and "head" in words
    inside = bounds(shown, layout(shown), frame)
    assert f"{number} times" in svg(blocks(number)) and inside[0] < inside[2]


def test_blocks_that_differ_are_all_drawn():
    assert folded(boxes(networks.relu([2, 3, 4, 5, 1])))[1] == []
    _, frames = folded(boxes(networks.relu([2, 3, 3, 3, 5, 5, 5, 5, 1])))
    assert frames == [Frame(2, 3 - 1, 2), Frame(5, 5, 3)]


def test_models_have_their_own_names():
    torch = pytest.importorskip("torch")
    layers = [torch.nn.Linear(3, 4), *(torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.ReLU()) for _ in range(3))]
    net = networks.from_torch(torch.nn.Sequential(*layers), torch.zeros(1, 3))
    text = svg(net)
    assert "0.weight" in text and "+ 1...3.0.bias" in text and "3 times" in text


def test_nodes_and_arrows_of_the_graph():
    nodes, edges = graph(networks.linear([2, 1]))
    assert nodes == {0: ("input", "x\n2"), 1: ("parameter", "U1\n2 x 1"), 2: ("operation", "product\n1")}
    assert edges == [(0, 2), (1, 2)]


def test_the_command_draws_files(tmp_path):
    for name in ("net.svg", "net.png"):
        result = CliRunner().invoke(cli, ["draw", "relu", "2", "3", "1", "--bias", str(tmp_path / name)])
        assert result.exit_code == 0 and "relu network 2 -> 3 -> 1" in result.output
        assert (tmp_path / name).stat().st_size > 1000


@pytest.mark.parametrize("words, said", [
    (["relu", "2", "3"], "the last word is the file of the picture"),
    (["relu", "2", "3", "net.gif"], "not 'net.gif'"),
    ([], "the last word is the file"),
    (["rely", "2", "3", "net.svg"], "did you mean 'relu'?"),
    (["relu", "2", "3", "/nowhere/net.svg"], "No such file or directory"),
])
def test_bad_input_to_draw(words, said, capsys):
    assert cli.main(["draw", *words]) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1
