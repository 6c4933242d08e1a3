r"""
Pictures of the graph of a network.
"""
from .._sage import Graphics, arrow2d, polygon2d, text
from .folding import boxes, folded
from .layers import LINE, MARGIN, layout
from .svg import COLOURS, bounds, rectangle

# How many pixels of the layout are an inch: then labels of 8 points fit their boxes.
_PIXELS = 84


def draw(network, figsize=None):
    r"""
    Return a picture of the graph from input to output, as a Sage graphics object: parameters orange, inputs blue, gates
    green, cuts red.

    Rearrangements are drawn as part of the operation that they prepare; equal blocks that follow each other are drawn
    once.
    """
    return _plot(network, figsize)


def _plot(network, figsize):
    """Return a layout as a Sage graphics object, in pixels with the vertical axis upwards."""
    shown, frames = folded(boxes(network))
    layout_, picture = layout(shown), Graphics()
    for frame in frames:
        left, top, right, bottom = bounds(shown, layout_, frame)
        picture += polygon2d(_corners(left, top, right, bottom), color="#eef0f9", edgecolor="#8a94c8", zorder=0)
        picture += text(f"{frame.times} times", (left, 10 - top), color="#4a55a2", fontsize=9,
                        horizontal_alignment="left", zorder=3)
    for points in layout_.arrows:
        picture += arrow2d(path=_curves(points), color="#555555", width=1, arrowsize=2, zorder=1)
    for n, box in shown.items():
        picture += _drawn(box, layout_.places[n], polygon2d, text)
    picture.set_aspect_ratio(1)
    picture.axes(False)
    low, high = zip(*((box["xmin"], box["xmax"]) for box in [picture.get_minmax_data()]))
    tall = picture.get_minmax_data()
    # The defaults of show and save: an inch for so many pixels, whatever the size of the network.
    picture._extra_kwds["figsize"] = figsize or [
        max(3.0, (high[0] - low[0] + 40) / _PIXELS), max(1.5, (tall["ymax"] - tall["ymin"] + 40) / _PIXELS)
    ]
    return picture


def _corners(left, top, right, bottom):
    return [(left, -top), (right, -top), (right, -bottom), (left, -bottom)]


def _curves(points):
    """Return the pieces of an arrow, each a curve that begins and ends upright."""
    pieces = []
    for (x, y), (u, v) in zip(points, points[1:]):
        # The pixels of the layout count downwards, the axis of Sage upwards: every height changes its sign.
        turns = [(x, -(y + v) / 2), (u, -(y + v) / 2), (u, -v)]
        pieces.append(turns if pieces else [(x, -y), *turns])
    return pieces


def _drawn(box, place, polygon2d, text):
    left, top, right, bottom = rectangle(place)
    out = polygon2d(_corners(left, top, right, bottom), color="white", edgecolor="#555555", zorder=2)
    for k, (kind, words, size) in enumerate(box.lines):
        y = top + MARGIN / 2 + k * LINE
        out += polygon2d(_corners(left + 4, y, right - 4, y + LINE - 2), color=COLOURS[kind], zorder=3)
        out += text(words, (left + MARGIN, -y - LINE / 2 + 1), color="black", fontsize=8,
                    horizontal_alignment="left", zorder=4)
        if size:
            out += text(size, (right - MARGIN, -y - LINE / 2 + 1), color="#444444", fontsize=8,
                        horizontal_alignment="right", zorder=4)
    return out + text(box.size, (place.x, 11 - bottom), color="#777777", fontsize=8, zorder=4)
