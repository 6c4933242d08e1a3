r"""
Where boxes are drawn: in layers from input to output, arrows between neighbouring layers.

An arrow over several layers passes through a narrow place in each, so that it runs through no box.  In a layer boxes
stand in the order of the middle of what they read, and are then moved towards what they are joined to, as far as their
neighbours let them.  The order is that of the usual algorithm for layered graphs (Sugiyama, Tagawa, Toda 1981); a few
sweeps are enough for networks, whose layers are narrow.
"""
from dataclasses import dataclass

# Lengths in pixels: letters are 7.2 wide at 12 points.
LETTER, LINE, MARGIN, GAP, BETWEEN, LANE = 7.2, 19, 9, 26, 40, 12
# Eight sweeps order and the last four only move. Nothing is decided by the number: networks are near to chains.
_SWEEPS = 12


@dataclass
class Place:
    """A rectangle, by its middle and its sizes."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Layout:
    """A picture as rectangles ``places``, ``{box: Place}``, and ``arrows``, lists of points."""

    places: dict
    arrows: list


def layout(shown):
    """Return the layout of boxes."""
    level = _levels(shown)
    paths, layers = _paths(shown, level)
    widths = {spot: _width(shown[spot]) if spot in shown else LANE for layer in layers for spot in layer}
    near = {spot: ([], []) for spot in widths}
    for path in paths:
        for a, b in zip(path, path[1:]):
            near[b][0].append(a)
            near[a][1].append(b)
    x = _across(layers, widths, near)
    places, y = {}, 0.0
    for layer in layers:
        height = max((_height(shown[spot]) for spot in layer if spot in shown), default=0)
        for spot in layer:
            # A lane is as high as its layer: the arrow is upright as long as it has boxes beside it.
            own = _height(shown[spot]) if spot in shown else height
            places[spot] = Place(x[spot], y + height / 2, widths[spot], own)
        y += height + BETWEEN
    arrows = [_points(path, places) for path in paths]
    return Layout({spot: place for spot, place in places.items() if spot in shown}, arrows)


def _width(box):
    # Three letters part a name from its size.
    longest = max(len(text) + (len(size) + 3 if size else 0) for _, text, size in box.lines)
    return max(longest, len(box.size) + 2, 6) * LETTER + 2 * MARGIN


def _height(box):
    # One line more than the box has: the size of what comes out is written below.
    return (len(box.lines) + 1) * LINE + MARGIN


def _levels(shown):
    """Return the layer of each box: behind all that it reads; what reads nothing stands before its first reader."""
    # The longest path decides: no arrow points upwards.
    level = {}
    for n, box in shown.items():
        level[n] = 1 + max((level[s] for s in box.sources), default=-1)
    first = next(iter(shown))
    for n, box in reversed(shown.items()):
        readers = [level[m] for m, other in shown.items() if n in other.sources]
        # In layer 0 its arrow would pass all layers in between. The first box stays, so that layer 0 is not empty.
        if not box.sources and n != first and readers:
            level[n] = min(readers) - 1
    return level


def _paths(shown, level):
    """Return each arrow as a path of spots, one a layer, and the spots of each layer; ``(a, b, k)`` are lanes."""
    layers = [[] for _ in range(max(level.values()) + 1)]
    for n in shown:
        layers[level[n]].append(n)
    paths = []
    for n, box in shown.items():
        for s in box.sources:
            lanes = [(s, n, k) for k in range(level[s] + 1, level[n])]
            for lane in lanes:
                layers[lane[2]].append(lane)
            paths.append([s, *lanes, n])
    return paths, layers


def _across(layers, widths, near):
    """Return the middle of each spot: sweeps down and up order the layers, then spots move towards their neighbours."""
    x = {}
    for layer in layers:
        _row(layer, widths, x, dict.fromkeys(layer, 0.0))
    for sweep in range(_SWEEPS):
        down = sweep % 2 == 0
        for layer in layers if down else layers[::-1]:
            wanted = {}
            for spot in layer:
                # A spot without neighbours on the side from which the sweep comes follows those on the other.
                others = near[spot][0 if down else 1] or near[spot][1 if down else 0]
                wanted[spot] = sum(x[other] for other in others) / len(others) if others else x[spot]
            # At the end the order is kept: only with a fixed order do the least squares of all rows settle.
            if sweep < _SWEEPS - 4:
                layer.sort(key=wanted.get)
            _row(layer, widths, x, wanted)
    return x


def _row(layer, widths, x, wanted):
    """Place the spots of a layer in order, without overlaps, as near to where they are wanted as can be."""
    groups = []
    for spot in layer:
        # The least squares with a fixed order are found by joining neighbours that meet (pool adjacent violators): a
        # group stands where its members want it in the mean.  There are fewer joins than spots.
        group = [[spot], wanted[spot], widths[spot]]
        while groups and groups[-1][1] + groups[-1][2] / 2 + GAP > group[1] - group[2] / 2:
            left = groups.pop()
            width = left[2] + GAP + group[2]
            # Where the left edge is wanted by all of the group, in the mean.
            edges = left[1] - left[2] / 2, group[1] - group[2] / 2 - left[2] - GAP
            edge = (edges[0] * len(left[0]) + edges[1] * len(group[0])) / (len(left[0]) + len(group[0]))
            group = [left[0] + group[0], edge + width / 2, width]
        groups.append(group)
    for members, middle, width in groups:
        at = middle - width / 2
        for spot in members:
            x[spot] = at + widths[spot] / 2
            at += widths[spot] + GAP


def _points(path, places):
    """Return the points of an arrow: below its first box, above and below each layer on its way, above its last."""
    first, last = places[path[0]], places[path[-1]]
    points = [(first.x, first.y + first.height / 2)]
    for spot in path[1:-1]:
        place = places[spot]
        points += [(place.x, place.y - place.height / 2), (place.x, place.y + place.height / 2)]
    return [*points, (last.x, last.y - last.height / 2)]
