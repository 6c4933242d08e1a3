r"""
Pictures of trainings: the laws along training, and the drift over the step on logarithmic axes.
"""
import numpy as np

from .._sage import Graphics, line2d, point2d

COLOURS = ("#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#8c564b")

# More points than this on a line are not seen, and make the picture's file large.
_POINTS = 400


def _colour(number):
    return COLOURS[number % len(COLOURS)]


def loss_picture(training, figsize=None):
    """Return the loss along training."""
    chosen = _chosen(training)
    picture = line2d(list(zip(training.times[chosen], training.losses[chosen])), color="#333333", thickness=1.5)
    return _framed(picture, r"$t = k \eta$", "loss", figsize)


def law_picture(training, logarithmic=None, figsize=None):
    """Return the changes of the laws along training, dashed what was predicted."""
    chosen, times = _chosen(training), training.times
    groups = list(dict.fromkeys(training.groups))
    # Groups are compared by orders of magnitude: what one flow keeps another loses.
    logarithmic = len(groups) > 1 if logarithmic is None else logarithmic
    picture, labelled = Graphics(), set()
    single = len(groups) < 2 and np.isnan(training.predictions).all()
    for law, group in enumerate(training.groups):
        colour = _colour(groups.index(group) if len(groups) > 1 else law)
        for rows, dashed in ((training.trajectories, False), (training.predictions, True)):
            change = rows[law] - rows[law, 0]
            points = [
                (times[i], abs(change[i]) if logarithmic else change[i]) for i in chosen if change[i] or not logarithmic
            ]
            # A logarithmic axis has no place for zeros.
            if np.isnan(change).any() or len(points) < 2:
                continue
            label = (f"{group}: " if group else "") + (r"predicted, $\sum \eta^2 h_2(g)$" if dashed else "measured")
            legend = {} if single or label in labelled else {"legend_label": label}
            labelled.add(label)
            style = {"color": colour, "thickness": 1.4 if single else 2.4, "alpha": 0.8}
            if dashed:
                style = {"color": "black", "linestyle": "--", "thickness": 0.9, "zorder": 3}
            picture += line2d(points, **style, **legend)
    if logarithmic and len(picture):
        picture._extra_kwds["scale"] = ("semilogy", 10)
    elif len(picture) and not single:
        # Room for the legend above the lines.
        low, high = picture.get_axes_range()["ymin"], picture.get_axes_range()["ymax"]
        picture._extra_kwds["ymax"] = high + 0.25 * (high - low)
        picture.set_legend_options(loc="upper left")
    return _framed(picture, r"$t = k \eta$", r"$|h(t) - h(0)|$" if logarithmic else r"$h(t) - h(0)$", figsize)


def _chosen(training):
    # Evenly spaced, so that the first and the last stay.
    return np.unique(np.linspace(0, len(training.times) - 1, min(_POINTS, len(training.times))).astype(int)).tolist()


def _ticks(low, high):
    """Return round numbers on a logarithmic axis, few enough to be read."""
    decades = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    # 1, 2 and 5 a decade while these can be read, else powers of ten, and of these every second or third.
    for digits in ((1, 2, 5), (1,)):
        ticks = [
            float(f"{digit}e{decade}") for decade in decades for digit in digits if low <= digit * 10.0**decade <= high
        ]
        if len(ticks) <= 8:
            break
    return ticks[::1 + len(ticks) // 9]


def _framed(picture, below, left, figsize):
    picture.axes_labels([below, left])
    picture._extra_kwds.update(frame=True, axes=False, fontsize=9, axes_labels_size=1.1, figsize=figsize or [6, 4])
    picture.set_legend_options(font_size=9, back_color="white")
    return picture


def drift_picture(order, figsize=None):
    """Return the drift over the step on logarithmic axes, with the fitted lines and what was predicted."""
    picture = Graphics()
    for number, (group, drifts, predicted, fitted) in enumerate(
        zip(order.groups, order.drifts, order.predictions, order.orders)
    ):
        colour, name = _colour(number), f"{group}: " if group else ""
        measured = [(size, drift) for size, drift in zip(order.steps, drifts) if drift > 0]
        # Kept to the last digit: there is nothing to draw where zero has no place.
        if not measured:
            continue
        words = "drift, rounding alone" if fitted is None else f"drift, slope {fitted[0]:.2f} (fit)"
        picture += point2d(measured, color=colour, size=35, zorder=3, legend_label=name + words)
        if fitted is not None:
            ends = sorted([min(order.steps), max(order.steps)])
            picture += line2d(
                [(size, fitted[1] * size ** fitted[0]) for size in ends], color=colour, thickness=1.2, zorder=1
            )
        rings = [(size, drift) for size, drift in zip(order.steps, predicted) if drift]
        if rings:
            picture += point2d(
                rings, marker="o", size=110, faceted=True, color="white", markeredgecolor="black", zorder=2,
                legend_label=name + r"predicted, $\sum \eta^2 h_2(g)$",
            )
    if len(picture):
        heights = [drift for row in order.drifts for drift in row if drift > 0]
        across, up = (min(order.steps) / 1.3, max(order.steps) * 1.3), (min(heights) / 1.6, max(heights) * 1.6)
        columns, rows = sorted(order.steps) if len(order.steps) <= 8 else _ticks(*across), _ticks(*up)
        picture._extra_kwds.update(
            scale=("loglog", 10), xmin=across[0], xmax=across[1], ymin=up[0], ymax=up[1], ticks=[columns, rows],
            tick_formatter=[[f"{tick:.3g}" for tick in columns], [f"{tick:g}" for tick in rows]])
    return _framed(picture, r"step $\eta$", f"total drift at $T = {order.time:g}$", figsize)
