r"""
The picture of a survey: numbers of laws over hidden units, one line for each architecture, flow, loss and options.
"""
from ..runtime.errors import InputError

_MARKERS = {"proved": "o", "probable": "^", "bounded": "s"}


def plot_counts(rows):
    """Return a figure of the numbers of laws of done cases; where lines coincide, the ones behind are wider."""
    from matplotlib.figure import Figure
    groups = _by_label(rows)
    if not groups:
        raise InputError("no case is done: there is nothing to plot")
    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.add_subplot()
    colours, lines = _colours(len(groups)), {}
    for label, points in sorted(groups.items()):
        # Several architectures have as many hidden units, with other numbers of laws: the line goes through their
        # medians.
        middle = {width: _median([y for x, y, _ in points if x == width]) for width in {x for x, *_ in points}}
        lines[label] = sorted(middle.items())
    wide = _line_widths(list(lines.values()))
    for colour, thick, (label, line) in zip(colours, wide, lines.items()):
        points = groups[label]
        axes.plot(*zip(*line), color=colour, label=label, linewidth=thick, solid_capstyle="butt")
        for status, marker in _MARKERS.items():
            some = [(x, y) for x, y, s in points if s == status]
            if some:
                axes.scatter(*zip(*some), color=colour, marker=marker, s=12 + 5 * thick**2, linewidths=0)
    _annotate(axes, len(groups), "; wider: behind another line" if len(set(wide)) > 1 else "")
    return figure


def _by_label(rows):
    """Return the points (hidden units or width, number, status) of each line."""
    groups = {}
    for row in rows:
        options = ", ".join(
            f"{name} {value}" if value is not True else name for name, value in row["options"].items()
        )
        loss = row["loss"] if row["loss"] != "least-squares" else ""
        label = ", ".join(part for part in (row["architecture"], options, flow_text(row["flow"]), loss) if part)
        # What varies in a sweep is the hidden widths; an architecture with two sizes has none, and both are taken.
        units = sum(row["sizes"][1:-1]) or sum(row["sizes"])
        groups.setdefault(label, []).append((units, row["number"], row["status"]))
    return groups


def _annotate(axes, lines, behind):
    axes.set_xlabel("hidden units (all hidden widths together)")
    axes.set_ylabel("independent laws")
    title = f"lines: medians{behind}; circles: proved, triangles: probable, squares: bounded"
    axes.set_title(title, fontsize=9, loc="left")
    axes.grid(alpha=0.3)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.yaxis.get_major_locator().set_params(integer=True)
    # Many lines are named beside the picture, few in it.
    beside = {"loc": "upper left", "bbox_to_anchor": (1.0, 1.0), "frameon": False} if lines > 6 else {}
    axes.legend(fontsize=8, **beside)


def flow_text(flow):
    """Return a flow of a case in a few words."""
    return " ".join(
        [flow["name"], *(f"{name.replace('_', ' ')} {value}" for name, value in flow.items() if name != "name")]
    )


def _median(values):
    values = sorted(values)
    return (values[(len(values) - 1) // 2] + values[len(values) // 2]) / 2


# The width of a line on top, and of the widest behind it.
_THIN, _WIDE = 1.3, 9.0


def _line_widths(lines):
    """Return the widths of lines: those that share a piece or a point alone get wider the further behind they are."""
    pieces = [set(zip(line, line[1:])) if len(line) > 1 else set(line) for line in lines]
    out = []
    for k, own in enumerate(pieces):
        # Lines drawn later lie on top; each of them that shares a piece would hide it.
        above = sum(1 for other in pieces[k + 1:] if own & other)
        most = max([sum(1 for other in pieces if own & other) - 1, above, 1])
        out.append(_THIN + above * min(2.2, (_WIDE - _THIN) / most))
    return out


def _colours(number):
    from matplotlib import colormaps
    # Ten colours that are told apart at a glance; beyond that, as many shades as are needed.
    palette = colormaps["tab10"] if number <= 10 else colormaps["turbo"]
    return [palette(i) if number <= 10 else palette((i + 0.5) / number) for i in range(number)]
