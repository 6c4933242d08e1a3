r"""
Data that are less free than they look, where that does not matter.

*Rows that are mixed.*  A class token asks with its own row `z_0` of some data, and all rows `z_u` answer.  In each term
the rows meet numbers `a_u` that are free but for their sum, which is zero (covectors at a softmax) or one (its
outputs), and everything between is affine in the rows and the same for each: the term depends on `y = \sum_u a_u z_u`
alone.  With `z_0` fixed and another row that nothing else reads, the differences of values of `y` are all vectors, as
they are when `z_0` is data of its own.  So both span the same, and `z_0` is taken for separate data.

*Rows of tables.*  One variable for each angle is less than a free table of rotations.  Tokens whose rows share angles
with others are switched off by their data and covectors: what is left is a free table with fewer rows, for a network of
the same parameters, whose fields are among the network's own; and these are among those of a free table.  So laws are
counted for all tokens, and the rank for those that are left.
"""
from ..graph.cuts import SumOne
from ..graph.operations import Add, Contract
from ..graph.rearrangements import Broadcast, Reshape, Transpose
from ..graph.tensor import Data
from .axes import Unknown
from .links import at, flat, is_sum_zero, links_of, same_along
from .rearranged import Table
from .switching import switchable


def check_mixing(axes, overlaps):
    """Raise :class:`.axes.Unknown` unless rows that were made separate data span what they did."""
    for overlap in overlaps:
        reason = Unknown(f"parts of {overlap.node.label()} overlap", overlap.node)
        varying = {axis for ranges in overlap.parts for axis, (one, n) in enumerate(zip(ranges, overlap.node.shape))
                   if one != (0, 1, n)}
        # Rows along one axis are mixed by one set of numbers; parts along two would need two.
        if len(varying) != 1:
            raise reason
        (axis,) = varying
        last = len(overlap.node.shape) - 1
        taken = {i for ranges in overlap.parts for i in _entries(ranges[axis])}
        # Without a row that nothing else reads, differences of the others do not give all vectors.
        if len(taken) >= overlap.node.shape[axis] or axis == last and not isinstance(overlap.node, Data):
            raise reason
        # Nothing that moves a parameter reads the whole.
        if overlap.whole not in axes.of:
            continue
        place = sum(len(axes.of[overlap.whole][k]) for k in range(axis))
        places = frozenset(range(place, place + len(axes.of[overlap.whole][axis])))
        for root, constraint, masked in axes.pairings:
            if not _is_mixed(axes, root, constraint, masked, overlap, places):
                raise reason


def _entries(ranges):
    start, step, number = ranges
    return range(start, start + step * number, step)


def _is_mixed(axes, root, constraint, masked, overlap, places):
    """Say whether a paired node reads rows of data only where they are mixed, and in one factor of each term."""
    tracked, mixed = {overlap.whole: places}, set()
    order = root.ancestors()
    if overlap.whole not in order or not _has_part(order, overlap):
        return True
    # Covectors orthogonal to the tensor depend on the rows themselves.
    if constraint not in ("free", "sum zero"):
        return False
    for node in order:
        if node is overlap.whole or node not in axes.of or not any(c in tracked or c in mixed for c in node.inputs):
            continue
        if is_sum_zero(node) or isinstance(node, SumOne):
            continue
        found = _through(axes, node, tracked, mixed)
        if found is None:
            return False
        if found is True:
            mixed.add(node)
        else:
            tracked[node] = found
    if root in tracked:
        total = len(flat(axes, root))
        last = frozenset(range(total - len(axes.of[root][-1]), total)) if axes.of[root] else frozenset()
        # Rows that reach a covector are mixed by it: its entries sum to zero over them, and are free otherwise.
        return constraint == "sum zero" and not masked and tracked[root] == last
    return True


def _has_part(order, overlap):
    """Say whether parts of the data are read too: other data of their name."""
    def name(node):
        return node.name if node.name is not None or not node.inputs else node.inputs[0].name
    wanted = name(overlap.whole)
    return any((isinstance(node, Data) or is_sum_zero(node) or isinstance(node, SumOne)) and name(node) == wanted
               and node is not overlap.whole and node not in overlap.whole.ancestors() for node in order)


def _through(axes, node, tracked, mixed):
    """Return the places of the rows in a node, ``True`` where they are mixed there, ``None`` for anything else."""
    labels = links_of(axes, node)
    result = labels[-1]
    reading = [k for k, child in enumerate(node.inputs) if child in tracked or child in mixed]
    rows = [{labels[k][i] for i in tracked[node.inputs[k]]} for k in reading if node.inputs[k] in tracked]
    if isinstance(node.operation, Add):
        if not rows:
            return True
        if len(rows) < len(reading) or any(one != rows[0] for one in rows):
            return None
        # Affine in the rows: what is added has to be the same for all of them.
        others = [k for k in range(len(node.inputs)) if k not in reading]
        if not all(same_along(axes, node.inputs[k], at(labels[k], rows[0])) for k in others):
            return None
        return frozenset(result.index(name) for name in rows[0])
    if isinstance(node.operation, Contract) and len(node.inputs) == 2:
        # A product of two factors that read rows is not affine in them, and depends on more than their mean.
        if len(reading) > 1:
            return None
        if not rows:
            return True
        other = 1 - reading[0]
        factor, theirs = node.inputs[other], labels[other]
        if rows[0] <= set(result):
            if not same_along(axes, factor, at(theirs, rows[0])):
                return None
            return frozenset(result.index(name) for name in rows[0])
        # Under a mask later rows have no number at all, so that not every mean is reached.
        if rows[0] & set(result) or not (isinstance(factor, SumOne) and not factor.causal or is_sum_zero(factor)):
            return None
        last = set(theirs[len(theirs) - len(axes.of[factor][-1]):])
        return True if last == rows[0] else None
    if isinstance(node.operation, (Transpose, Reshape, Broadcast)):
        if not rows:
            return True
        return frozenset(result.index(name) for name in rows[0]) if rows[0] <= set(result) else None
    return None


def with_free_rows(axes):
    r"""
    Return the axes with as many tokens as tables of rotations have rows that are free together; raise
    :class:`.axes.Unknown` where other tokens cannot be left out.
    """
    tables = [node for node in axes.order if isinstance(node, Table)]
    by_class = {}
    for table in tables:
        if len(table.rows) < table.shape[0]:
            if len(axes.of[table][0]) != 1:
                raise Unknown("the positions of rotations are split", table)
            by_class.setdefault(axes.of[table][0][0], []).append(table)
    sizes = list(axes.sizes)
    for c, several in by_class.items():
        kept = frozenset.intersection(*(table.rows for table in tables if axes.of[table][0] == (c,)))
        reason = Unknown("rotations share angles that other tokens need", several[0])
        # A rigid class has fixed numbers or windows of its own, which fewer tokens would not have: with other numbers
        # in their place a count was "proved" that was too small (fixed positions with two equal columns).
        # Two free rows at least: with one the table is no table, and what scores between two tokens say is lost.
        if len(kept) < 2 or axes.rigid[c] or any(c in flat(axes, leaf) for leaf in axes.leaves):
            raise reason
        if not switchable(axes, [c], kept=set(tables)):
            raise reason
        sizes[c] = len(kept)
    return axes if not by_class else axes.resized(sizes)
