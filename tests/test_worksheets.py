"""Every worksheet runs from top to bottom, and its stored outputs are what the package says today."""
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

WORKSHEETS = sorted((Path(__file__).parent.parent / "worksheets").glob("*.ipynb"))


def texts(notebook):
    """Return what each code cell printed and what it returned, as text; a stream may come in any number of pieces."""
    out = []
    for cell in notebook.cells:
        if cell.cell_type == "code":
            printed = "".join(
                part.text for part in cell.outputs if part.output_type == "stream" and part.name == "stdout"
            )
            out.append(
                [printed, *(part.data.get("text/plain") for part in cell.outputs if part.output_type != "stream")]
            )
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
    assert any(part for cell in texts(stored) for part in cell), "the worksheet is stored without its outputs"
    assert texts(fresh) == texts(stored)
