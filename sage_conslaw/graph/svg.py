r"""
Pictures of networks as SVG, without Sage.
"""
from xml.sax.saxutils import escape

from .folding import boxes, folded
from .layers import GAP, LETTER, LINE, MARGIN, layout

COLOURS = {
    "parameter": "#f5b971",
    "input": "#9fc5e8",
    "operation": "#e8e8e8",
    "gate": "#b6d7a8",
    "cut": "#d5a6bd",
    "constant": "#ffffff",
}
_WORDS = {"parameter": "trained", "input": "data", "gate": "piecewise linear", "cut": "nonlinear", "constant": "fixed"}
# Twice this is less than ``BETWEEN``: two frames that follow each other do not touch.
_FRAME = 14


def svg(network):
    """Return the picture of a network as the text of an SVG file: from top to bottom, equal blocks once."""
    shown, frames = folded(boxes(network))
    picture = layout(shown)
    around = [(frame, bounds(shown, picture, frame)) for frame in frames]
    # All that is drawn is inside of the view: boxes, frames, and arrows that go around.
    spread = [rectangle(place) for place in picture.places.values()] + [inside for _, inside in around]
    spread += [(x, y, x, y) for arrow in picture.arrows for x, y in arrow]
    left, top = min(s[0] for s in spread) - GAP, min(s[1] for s in spread) - GAP
    # The legend has the kinds that occur.
    kinds = dict.fromkeys(kind for box in shown.values() for kind, *_ in box.lines if kind in _WORDS)
    title = repr(network)
    # Sixteen letters a kind are enough for the legend: its longest word has as many, and the others leave room for the
    # squares.
    width = max(max(s[2] for s in spread) + GAP - left, LETTER * 16 * len(kinds) + 2 * GAP, 320)
    foot = max(s[3] for s in spread) + GAP
    height = foot + 2 * LINE - top
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="{left:.1f} {top:.1f} {width:.1f} {height:.1f}" font-family="monospace" font-size="12">',
        f"<title>{escape(title)}</title>",
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0 8 4 0 8z" fill="#555"/></marker></defs>',
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}" fill="white"/>',
    ]
    # What comes later is drawn above: frames, arrows, boxes.
    for frame, inside in around:
        out += _frame(frame, inside)
    out += [_arrow(points) for points in picture.arrows]
    for n, box in shown.items():
        out += _box(box, picture.places[n])
    out += _legend(kinds, left + GAP, foot + LINE)
    return "\n".join([*out, "</svg>"]) + "\n"


def rectangle(place):
    return (place.x - place.width / 2, place.y - place.height / 2, place.x + place.width / 2,
            place.y + place.height / 2)


def bounds(shown, picture, frame):
    """Return the rectangle around the boxes of a frame and the arrows between them."""
    inside = [n for n in shown if frame.first <= n <= frame.last]
    spread = [rectangle(picture.places[n]) for n in inside]
    top, bottom = min(s[1] for s in spread), max(s[3] for s in spread)
    # An arrow over several layers may leave the boxes sideways; it belongs to the frame where it passes beside them.
    spread += [(x, y, x, y) for arrow in picture.arrows for x, y in arrow if top <= y <= bottom]
    return (
        min(s[0] for s in spread) - _FRAME,
        top - _FRAME,
        max(s[2] for s in spread) + _FRAME,
        bottom + _FRAME,
    )


def _frame(frame, inside):
    left, top, right, bottom = inside
    return [
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" height="{bottom - top:.1f}" rx="8" '
        'fill="#f6f7fb" stroke="#8a94c8" stroke-dasharray="5 4"/>',
        f'<text x="{left + 6:.1f}" y="{top - 5:.1f}" fill="#4a55a2" font-weight="bold">{frame.times} times</text>',
    ]


def _arrow(points):
    (x, y), *others = points
    path = f"M{x:.1f} {y:.1f}"
    for u, v in others:
        # Curves leave and arrive upright, so that the tip of an arrow points downwards; what does not move sideways is
        # a line.
        path += (
            f"L{u:.1f} {v:.1f}" if u == x else f"C{x:.1f} {(y + v) / 2:.1f} {u:.1f} {(y + v) / 2:.1f} {u:.1f} {v:.1f}"
        )
        x, y = u, v
    return f'<path d="{path}" fill="none" stroke="#555" stroke-width="1.2" marker-end="url(#tip)"/>'


def _box(box, place):
    left, top, right, bottom = rectangle(place)
    out = [
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{place.width:.1f}" height="{place.height:.1f}" rx="5" '
        'fill="white" stroke="#555"/>'
    ]
    for k, (kind, text, size) in enumerate(box.lines):
        y = top + MARGIN / 2 + k * LINE
        out.append(
            f'<rect x="{left + 4:.1f}" y="{y:.1f}" width="{place.width - 8:.1f}" height="{LINE - 2}" rx="3" '
            f'fill="{COLOURS[kind]}"/>'
        )
        out.append(f'<text x="{left + MARGIN:.1f}" y="{y + 13:.1f}">{escape(text)}</text>')
        if size:
            out.append(
                f'<text x="{right - MARGIN:.1f}" y="{y + 13:.1f}" text-anchor="end" fill="#444">{escape(size)}</text>'
            )
    out.append(
        f'<text x="{place.x:.1f}" y="{bottom - 7:.1f}" text-anchor="middle" fill="#777">{escape(box.size)}</text>'
    )
    return out


def _legend(kinds, left, y):
    out = []
    for kind in kinds:
        out.append(f'<rect x="{left:.1f}" y="{y - 11:.1f}" width="13" height="13" rx="2" fill="{COLOURS[kind]}" '
                   'stroke="#999"/>')
        out.append(f'<text x="{left + 18:.1f}" y="{y:.1f}" fill="#444">{_WORDS[kind]}</text>')
        left += 18 + LETTER * (len(_WORDS[kind]) + 2)
    return out
