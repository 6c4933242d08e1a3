"""Long lists are paged where a person reads them, and only there."""
import types

import pytest
from sage_conslaw.cli import report


@pytest.fixture
def shown(monkeypatch):
    """What reaches the pager, on a terminal of ten lines."""
    texts = []
    monkeypatch.setattr(report.click, "echo_via_pager", texts.append)
    monkeypatch.setattr(report.shutil, "get_terminal_size", lambda *_: types.SimpleNamespace(columns=80, lines=10))
    return texts


def on_a_terminal(monkeypatch, answer):
    for stream in ("stdin", "stdout"):
        monkeypatch.setattr(getattr(report.sys, stream), "isatty", lambda: answer, raising=False)


@pytest.mark.parametrize("terminal, lines, paged", [(True, 12, True), (True, 3, False), (False, 12, False)])
def test_long_lists_on_a_terminal(shown, monkeypatch, capsys, terminal, lines, paged):
    on_a_terminal(monkeypatch, terminal)
    monkeypatch.setenv("LESS", "")
    report.paged([f"law {i}" for i in range(lines)])
    printed = capsys.readouterr().out.splitlines()
    assert bool(shown) == paged and bool(printed) != paged
    assert (shown[0].splitlines() if paged else printed) == [f"law {i}" for i in range(lines)]
