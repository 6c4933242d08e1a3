"""A sample of the oracle: real networks in plain PyTorch against the package (``make oracle`` runs all)."""
import importlib.util
import math
from pathlib import Path

import pytest

pytest.importorskip("torch")


def _oracle():
    spec = importlib.util.spec_from_file_location("oracle", Path(__file__).parent / "oracle.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


oracle = _oracle()
CASES = oracle.architectures()


def test_there_are_many():
    assert len(CASES) >= 150 and len({case["name"] for case in CASES}) == len(CASES)


def _small(cases):
    """Return the cases with few parameters: brackets of larger ones take most of a minute in PyTorch."""
    return [case for case in cases if sum(math.prod(shape) for shape in case["net"][0].values()) <= 12]


@pytest.mark.parametrize("case", _small(CASES)[::9] + _small(oracle.other_sizes())[::16], ids=lambda case: case["name"])
def test_numbers_and_laws_agree(case):
    wrong, result, number = oracle.compare(case)
    assert not wrong, (wrong, result, number)


def test_a_wrong_number_is_seen():
    case = next(case for case in CASES if case["name"] == "linear [2, 3, 2]")
    other = {**case, "net": oracle.plain.perceptron([2, 3, 2], "tanh")}
    assert oracle.compare(other)[0]
