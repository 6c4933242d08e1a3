"""Every worksheet runs from top to bottom, and its stored outputs are what the package says today."""
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

WORKSHEETS = sorted((Path(__file__).parent.parent / "worksheets").glob("*.ipynb"))


def texts(notebook):
    """Return what each code cell printed and returned, as text."""
    out = []
    for cell in notebook.cells:
        if cell.cell_type == "code":
            out.append([part.get("text") or part.get("data", {}).get("text/plain") for part in cell.outputs])
    return out


def test_there_are_worksheets():
    assert WORKSHEETS


@pytest.mark.parametrize("path", WORKSHEETS, ids=lambda path: path.stem)
def test_worksheet(path):
    stored = nbformat.read(path, as_version=4)
    assert stored.metadata.kernelspec.name == "sagemath"
    fresh = nbformat.read(path, as_version=4)
    for cell in fresh.cells:
        if cell.cell_type == "code":
            cell.outputs = []
    NotebookClient(fresh, timeout=300, kernel_name="sagemath").execute()
    assert any(any(cell) for cell in texts(stored)), "the worksheet is stored without its outputs"
    assert texts(fresh) == texts(stored)
