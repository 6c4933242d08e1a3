r"""
What a monitor saw: a table of drifts, a file of it, and a plot.
"""
import csv

import numpy as np

from ..runtime.errors import InputError, shortened


class Records:
    """The record of a monitor: ``history`` is a list of rows, ``alarms`` those of the laws in ``laws``."""

    history, alarms, laws = (), (), None

    def table(self):
        r"""
        Return the record as a list of rows: step, law, drift since the start, and where there is a prediction that
        drift, the difference and the rounding.
        """
        return [
            {"step": row["step"], "law": law, **numbers}
            for row in self.history
            for law, numbers in row.items()
            if law != "step"
        ]

    def write(self, path):
        r"""
        Write the table as comma-separated values.
        """
        with open(path, "w", newline="", encoding="utf8") as file:
            writer = csv.DictWriter(file, ["step", "law", "drift", "predicted", "difference", "tolerance"])
            writer.writeheader()
            writer.writerows(self.table())

    def plot(self, laws=None):
        r"""
        Return a figure of matplotlib: the drift of each law over the steps, the prediction dotted, alarms as crosses.

        INPUT:

        - ``laws`` -- texts of laws (default: the eight that drift most)
        """
        from matplotlib.figure import Figure
        if not self.history:
            raise InputError("nothing is recorded yet; call step() after each step of the optimiser")
        if laws is None:
            most = sorted(
                # More lines than eight cannot be told apart; those that stay are all alike.
                (text for text, _ in self.laws.forms), key=lambda text: -max(row[text]["drift"] for row in self.history)
            )
            laws = most[:8]
        figure = Figure(figsize=(7.5, 4.5), layout="constrained")
        axes, steps = figure.add_subplot(), [row["step"] for row in self.history]
        for number, text in enumerate(laws):
            colour = f"C{number}"
            axes.plot(
                steps,
                [row[text]["drift"] for row in self.history],
                color=colour,
                label=shortened(text),
            )
            if "predicted" in self.history[-1][text]:
                axes.plot(
                    steps,
                    [row[text].get("predicted", np.nan) for row in self.history],
                    color="black",
                    linestyle=":",
                    linewidth=1,
                )
            crosses = [alarm.step for alarm in self.alarms if alarm.law == text]
            axes.plot(crosses, [self.history[step - 1][text]["drift"] for step in crosses], "x", color=colour)
        # Drifts are zero, rounding or as large as the weights: logarithmic, but linear around zero, which has no
        # logarithm.
        axes.set_yscale("symlog", linthresh=1e-12)
        axes.set_xlabel("step")
        axes.set_ylabel("change since the start (dotted: predicted)")
        axes.legend(fontsize=7, loc="lower right")
        return figure
