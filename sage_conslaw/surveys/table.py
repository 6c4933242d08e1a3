r"""
The table of a survey: text, HTML, JSON, files for other programs, and a plot of the counts over the widths.
"""
from html import escape
from dataclasses import dataclass, field
from pathlib import Path

from .._sage import SageObject
from ..results.tables import html_table, text_table
from ..runtime.errors import InputError
from .plot import flow_text, plot_counts

# Longer tables are folded in text; the files have all rows.
_SHOWN = 30

_HEAD = ("case", "flow", "laws", "status")


@dataclass(frozen=True, repr=False)
class SurveyTable(SageObject):
    r"""
    What a survey found, case by case.

    - ``rows`` -- dictionaries: architecture, sizes, options, flow, loss, state (``done``, ``failed``, ``to do``),
      attempts, number, status, assumption, expected, ...; of a network with nonlinearities a number is marked
      in text where it holds under the span condition only

    - ``computed`` -- how many cases this call computed; the others were in the store

    EXAMPLES::

        sage: from sage_conslaw.surveys.table import SurveyTable
        sage: SurveyTable((), 0, 0.0)
        0 cases: 0 done (0 proved), 0 failed, 0 to do

    ``of``::

        sage: rows = [("key", {"architecture": "linear", "sizes": [2r, 1r], "options": {},
        ....:     "flow": {"name": "gradient"}, "loss": "least-squares", "expected": 1r},
        ....:     "done", 1r, {"number": 0r, "status": "proved"}, None)]
        sage: table = SurveyTable.of(rows, 1r, 0r)
        sage: table
        case                  flow      laws  status
        --------------------  --------  ----  ------------------
        linear 2 1            gradient     0  proved, expected 1
        1 case: 1 done (1 proved), 0 failed, 0 to do; 1 differ from what was expected

    ``done``::

        sage: len(table.done)
        1

    ``failed``::

        sage: table.failed
        []

    ``proved``::

        sage: table.proved
        1

    ``differing``::

        sage: len(table.differing)
        1

    ``to_dict``::

        sage: SurveyTable((), 0r, float(0)).to_dict()["total"]
        0

    ``to_pandas``::

        sage: len(SurveyTable((), 0r, 0.0).to_pandas())
        0

    ``export``::

        sage: SurveyTable((), 0, 0.0).export("table.xls")
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: the file table.xls does not end in .csv or .parquet

    ``plot``::

        sage: row = {"architecture": "linear", "sizes": [2r, 3r, 2r], "options": {}, "flow": {"name": "gradient"},
        ....:     "loss": "least-squares",
        ....:        "state": "done", "status": "proved", "number": 6r, "expected": None, "reason": None}
        sage: len(SurveyTable((row,), 1r, 0.0).plot().axes[0r].get_lines())
        1
    """

    rows: tuple
    computed: int
    # Two runs that found the same are equal, however long they took.
    seconds: float = field(compare=False)

    @classmethod
    def of(cls, rows, computed, seconds):
        """Return the table of rows of a store."""
        out = []
        for _, case, state, attempts, record, reason in rows:
            out.append(
                {
                    **{name: case.get(name) for name in ("architecture", "sizes", "options", "flow", "loss")},
                    "state": state,
                    "attempts": attempts,
                    # A row without a result has no such columns: in a data frame they are empty, not zero.
                    **(_results(record) if record else {}),
                    "expected": case.get("expected"),
                    "reason": reason,
                }
            )
        return cls(tuple(out), computed, seconds)

    @property
    def done(self):
        """The rows that have a result."""
        return [row for row in self.rows if row["state"] == "done"]

    @property
    def failed(self):
        """The rows that failed."""
        return [row for row in self.rows if row["state"] == "failed"]

    @property
    def proved(self):
        """How many results are proved."""
        return sum(row["status"] == "proved" for row in self.done)

    @property
    def differing(self):
        """The rows whose number is not the expected one."""
        return [row for row in self.done if row["expected"] not in (None, row["number"])]

    def summary(self) -> str:
        """Return the first line: how many cases, and what became of them."""
        done, failed = len(self.done), len(self.failed)
        text = (
            f"{len(self.rows)} case{'s' if len(self.rows) != 1 else ''}: {done} done ({self.proved} "
            f"proved), {failed} failed, "
            f"{len(self.rows) - done - failed} to do"
        )
        if any(row["expected"] is not None for row in self.done):
            # Said where something was expected, zero too: that nothing differs is then a result.
            text += f"; {len(self.differing)} differ from what was expected"
        return text

    def _cells(self):
        for row in self.rows:
            options = " ".join(
                f"{name}={value}" if value is not True else name for name, value in row["options"].items()
            )
            name = " ".join([row["architecture"], *map(str, row["sizes"]), *([options] if options else []),
                             *([row["loss"]] if row["loss"] != "least-squares" else [])])
            if row["state"] == "done":
                status = row["status"] + (
                    "" if row["expected"] in (None, row["number"]) else f", expected {row['expected']}"
                )
                # A proved number of the model is one of the network under an assumption: the cell says which.
                status += " (span condition)" if row.get("assumption") == "span" else ""
                yield name, flow_text(row["flow"]), str(row["number"]), status
            else:
                yield name, flow_text(row["flow"]), "", row["state"] + (f": {row['reason']}" if row["reason"] else "")

    def _repr_(self):
        if not self.rows:
            return self.summary()
        cells = list(self._cells())
        shown = cells if len(cells) <= _SHOWN else cells[:_SHOWN]
        # Cut in text alone; files and HTML have the whole.
        body = [(_cut(name, 40), _cut(flow, 22), *rest) for name, flow, *rest in shown]
        # A reason may be long: the table keeps to the width of a screen, the store has all of it.
        lines = [line[:120] for line in text_table(_HEAD, body, right=(2,), least=(20,))]
        if len(cells) > _SHOWN:
            lines.append(f"... and {len(cells) - _SHOWN} more cases (export them, or see the store)")
        return "\n".join([*lines, self.summary()])

    def _repr_html_(self):
        # A notebook scrolls: ten times as many rows as text, and not a million.
        return html_table(_HEAD, list(self._cells())[: 10 * _SHOWN]) + f"<p>{escape(self.summary())}</p>"

    def to_dict(self):
        """Return the table as JSON objects."""
        return {
            "cases": list(self.rows),
            "total": len(self.rows),
            "done": len(self.done),
            "failed": len(self.failed),
            "proved": self.proved,
            "differing": len(self.differing),
            "computed": self.computed,
            "seconds": round(self.seconds, 3),
        }

    def to_pandas(self):
        """Return the table as a data frame: sizes and options as text, one column a result."""
        pandas = _pandas()
        flat = [{**row, "sizes": " ".join(map(str, row["sizes"])), "flow": flow_text(row["flow"]),
                 "options": " ".join(f"{name}={value}" for name, value in row["options"].items())} for row in self.rows]
        return pandas.DataFrame(flat)

    def export(self, path):
        """Write the table to a file, CSV or Parquet by its ending."""
        path = writable(path, (".csv", ".parquet"))
        frame = self.to_pandas()
        if path.suffix == ".csv":
            frame.to_csv(path, index=False)
            return
        try:
            frame.to_parquet(path, index=False)
        except ImportError:
            raise InputError(
                "Parquet needs pyarrow, which is not installed; pip install 'sage_conslaw[survey]', or export CSV"
            ) from None

    def plot(self, path=None):
        r"""
        Return a figure of the number of laws over the number of hidden units (or the width), one line for each
        architecture, flow, loss and options; where lines coincide, the ones behind are wider.

        INPUT:

        - ``path`` -- a file to write it to, e.g. ``counts.png``
        """
        figure = plot_counts(self.done)
        if path is not None:
            figure.savefig(writable(path, (".png", ".pdf", ".svg")), dpi=120)
        return figure


def writable(path, endings):
    """Return the path of a file to write, if its ending is known and its folder exists."""
    path = Path(path)
    # In one line, where pandas and matplotlib would each say it in their own words and with a trace.
    if path.suffix not in endings:
        raise InputError(f"the file {path.name} does not end in {' or '.join(endings)}")
    if not path.parent.is_dir():
        raise InputError(f"there is no folder {path.parent} for {path.name}")
    return path


def _results(record):
    return {
        name: record.get(name)
        for name in (
            "parameters",
            "state_dimension",
            "lie_dimension",
            "number",
            "independent_laws_found",
            "complete",
            "status",
            "assumption",
            "error_bound",
            "degree",
            "seed",
            "seconds",
        )
    }


def _cut(text, width):
    return text if len(text) <= width else text[:width - 3] + "..."


def _pandas():
    try:
        import pandas
    except ImportError:
        raise InputError(
            "a data frame needs pandas, which is not installed; pip install 'sage_conslaw[survey]'"
        ) from None
    return pandas
