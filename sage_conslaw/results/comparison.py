r"""
What one flow conserves and another loses or gains, law by law.
"""
from dataclasses import dataclass

from ..runtime.errors import shortened
from .._sage import SageObject
from .tables import html_table, text_table


@dataclass(frozen=True)
class NotCounted:
    """In place of a result, why an optimiser has none."""

    reason: str
    number: object = None
    status: str = "not counted"


@dataclass(frozen=True, repr=False)
class FlowComparison(SageObject):
    r"""
    A table of laws by flow; the "conservation loss" of [MGP2024]_.

    - ``results`` -- the results, one a flow

    - ``flows`` -- the flows, as text

    - ``rows`` -- pairs (law as text, conserved by each flow: ``True``, ``False`` or ``None`` where it has no meaning)

    EXAMPLES::

        sage: from sage_conslaw import compare_flows, networks
        sage: compare_flows(networks.nmf(2, 1, 1))
        law                    gradient flow  momentum flow with tau = 0
        ---------------------  -------------  --------------------------
        U_1_1 + U_2_1 - V_1_1  yes            no
        ---------------------  -------------  --------------------------
        independent laws       1 (proved)     0 (proved)
        conservation loss: 1
    """

    results: tuple
    flows: tuple
    rows: tuple

    @property
    def loss(self):
        """How many independent laws the last flow has fewer than the first; ``None`` if one is not counted."""
        first, last = self.results[0].number, self.results[-1].number
        return None if first is None or last is None else first - last

    def _cells(self):
        # None is neither: the law has coordinates that this flow does not know.
        words = {True: "yes", False: "no", None: "-"}
        body = [
            [law]
            + ["not known" if isinstance(r, NotCounted) else words[value] for r, value in zip(self.results, values)]
            for law, values in self.rows
        ]
        totals = ["independent laws"] + [
            r.status if isinstance(r, NotCounted) else f"{r.number} ({r.status})" for r in self.results
        ]
        return ["law", *self.flows], body, totals

    def _repr_(self):
        head, body, totals = self._cells()
        # A long law is cut, so that the table fits a terminal; the results hold it whole.
        body = [[shortened(row[0]), *row[1:]] for row in body]
        # Two optimisers may have none for the same reason: it is said once.
        notes = list(dict.fromkeys(r.reason for r in self.results if isinstance(r, NotCounted)))
        if self.loss is not None:
            what = f"conservation loss: {self.loss}" if self.loss >= 0 else f"conservation gain: {-self.loss}"
            # A number that is not proved may be larger, or smaller: then so may their difference.
            unsure = {self.results[0].status, self.results[-1].status} - {"proved"}
            notes.append(what + (f" ({' and '.join(sorted(unsure))})" if unsure else ""))
        return "\n".join([*text_table(head, body, totals), *notes])

    def _repr_html_(self):
        return html_table(*self._cells())
