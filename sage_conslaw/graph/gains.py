r"""
Norms behind which nothing is forgotten when their outputs are read as free data.

A norm commutes with the rotations of its entries.  Where the outputs `n` are read as `g_i n_i`, such a rotation `R` is
one of the parameters only if it commutes with the gains and mixes *units*: entries that other parameters make.  So no
rotation is left where entries of one row that share a gain, in any place where the outputs are read, are one unit (at
several samples or pixels), and each entry has a gain.

The outputs also have to point in all directions.  If a row passes through a single number `a`, they are `\pm w / |w|`.

- Trivial: `x W` normalised, times a gain for each unit.
- Famous: a group norm, whose gains are those of channels: its entries share one pixel by pixel.
- Two that fail: one gain for all units, behind which `2, 4, 1` has five laws and not two; and gains on half of the
  units, where the others may rotate.

EXAMPLES::

    sage: from sage_conslaw import networks
    sage: def forgotten(gain):
    ....:     z = (networks.input(2) @ networks.parameter("W", 2, 400)).rms_norm() * networks.parameter("g", gain)
    ....:     return networks.custom(z @ networks.parameter("U", 400, 2)).response().forgotten
    sage: forgotten(400r)
    ()
    sage: forgotten(1r)
    ('rms norm of x @ W is read without a gain for each unit',)
"""
import numpy as np

from .activations import unscaled
from .cuts import is_differences
from .operations import Add, Contract, Gather
from .tensor import Data, Parameter


def loose_norms(order, names):
    """Return the norms of these names whose outputs are not arbitrary, of few directions or without gains, with words
    that say so."""
    norms = [node for node in order if node.kind == "cut" and node.function is not None
             and unscaled(node.function).name in names]
    if not norms:
        return {}
    one_number = any(isinstance(node, Data) and node.kind == "input" and (node.shape or (1,))[-1] < 2 for node in order)
    users, narrow, said = users_of(order), narrow_nodes(order), {}
    for leaf in norms:
        name = unscaled(leaf.function).name
        what = f"{name} of {leaf.source.label()} is read"
        # With eps the length of the input counts too: one number and a bias are then two directions.
        if leaf.source in narrow or one_number and not name.endswith("eps"):
            said[leaf] = f"{what} with one input"
        elif not is_gained(leaf, users):
            said[leaf] = f"{what} without a gain for each unit"
    return said


def users_of(order):
    """Return for each node of a graph the nodes that it is an input of."""
    users = {}
    for node in order:
        for child in node.inputs:
            users.setdefault(child, []).append(node)
    return users


def is_gained(norm, users):
    """Say whether trained gains leave no rotation of a norm's outputs; ``users`` are the readers of each node."""
    source = norm.source
    # A centred norm with eps gives all outputs but the last of each row; that is then minus their sum.
    entries = np.arange(source.size).reshape(source.shape)[..., :norm.shape[-1]]
    found = _shared(norm, entries, source.shape[-1], users, {})
    if not found:
        # Nonlinearities alone read it: an elementwise one commutes with no rotation.
        return found is not None
    entries, gains = (np.concatenate(part) for part in zip(*found))
    # Entries without a gain may rotate among each other.
    if gains.min() < 0 or np.bincount(entries, minlength=source.size).min() == 0:
        return False
    # One number for each pair of a row and a gain.
    pairs = entries // source.shape[-1] * (gains.max() + 1) + gains
    _, first, same = np.unique(pairs, return_index=True, return_inverse=True)
    return len(first) == len(pairs) or _are_same(entries, entries[first][same], source)


def _are_same(left, right, source):
    """Say whether pairs of entries of a tensor are one unit each."""
    units = _units(source)
    return bool((units[left] == units[right]).all())


def _shared(norm, entries, size, users, starts):
    """Return which entries of a norm meet which numbers of parameters, as pairs of arrays, ``None`` if some reader does
    not multiply by parameters; ``entries`` has the shape of what is read."""
    found = []
    for user in users.get(norm, ()):
        if isinstance(user.operation, Gather):
            more = _shared(user, user.operation.arranged(entries), size, users, starts)
        elif len(user.inputs) == 2 and is_differences(user.inputs[1]):
            last = np.where(entries < 0, -1, entries // size * size + size - 1)[..., :1]
            more = _shared(user, np.concatenate([entries, last], axis=-1), size, users, starts)
        else:
            more = _met(norm, entries, user, starts)
        if more is None:
            return None
        found += more
    return found


def _met(node, entries, user, starts):
    """Return the pair of arrays for one product with parameters, in a list; ``None`` for any other reader."""
    if type(user.operation) is not Contract or user.inputs.count(node) != 1:
        return None
    place = user.inputs.index(node)
    word, result = (user.operation.left, user.operation.right)[place], user.operation.result
    other_word = (user.operation.right, user.operation.left)[place]
    leaf, numbers = _numbers(user.inputs[1 - place])
    if leaf is None or set(word) != set(result) or not set(other_word) <= set(result):
        return None
    start = starts.setdefault(leaf, sum(known.size for known in starts))
    numbers = _along(np.where(numbers < 0, -1, numbers + start), other_word, result)
    entries, numbers = np.broadcast_arrays(_along(entries, word, result), numbers)
    # What padding adds is no entry of the norm.
    return [(entries[entries >= 0], numbers[entries >= 0])]


def _along(array, word, result):
    """Return an array with axes named by letters as one that broadcasts along all letters of the result."""
    array = array.transpose([word.index(letter) for letter in result if letter in word])
    sizes = iter(array.shape)
    return array.reshape([next(sizes) if letter in word else 1 for letter in result])


def _numbers(node):
    """Return a parameter, and for each entry of a rearrangement of it which of its numbers that is, -1 for none."""
    if isinstance(node, Parameter):
        return node, np.arange(node.size).reshape(node.shape)
    if isinstance(node.operation, Gather):
        leaf, numbers = _numbers(node.inputs[0])
        return leaf, None if leaf is None else node.operation.arranged(numbers)
    return None, None


def _units(source):
    """Return for each entry of a tensor a number that is the same only where the same parameters make it."""
    if isinstance(source.operation, Gather):
        units = _units(source.inputs[0])
        arranged = source.operation.arranged(np.arange(len(units)).reshape(source.inputs[0].shape)).ravel()
        return np.where(arranged < 0, -1, units[arranged])
    return _labels(source.shape, _moved_axes(source)).ravel()


def _labels(shape, moved):
    """Return for each place the number of its place along the axes that move."""
    label = np.zeros(shape, dtype=np.int64)
    for size, place, moves in zip(shape, np.indices(shape, sparse=True), moved):
        if moves:
            label = label * size + place
    return label


def _moved_axes(root):
    """Return for each axis of a tensor whether it may be one of parameters: places along the others are samples, pixels
    or data that enter alike."""
    moved = {}
    for node in root.ancestors():
        shape, operation = node.shape, node.operation
        if not node.inputs:
            moved[node] = [isinstance(node, Parameter)] * len(shape)
            continue
        children = [moved[child] for child in node.inputs]
        if isinstance(operation, Add):
            moved[node] = [any(axis) for axis in zip(*children)]
        elif isinstance(operation, Contract):
            words = zip((operation.left, operation.right), children)
            letters = {letter for word, axes in words for letter, yes in zip(word, axes) if yes}
            moved[node] = [letter in letters for letter in operation.result]
        elif isinstance(operation, Gather) and any(children[0]):
            # A record of a network has one kind of rearrangement only: what counts is where the entries come from.
            labels = operation.arranged(_labels(node.inputs[0].shape, children[0]))
            shown = np.where(labels < 0, labels.max() + 1, labels)
            moved[node] = [bool((shown.min(axis=k) < labels.max(axis=k)).any()) for k in range(len(shape))]
        else:
            moved[node] = [any(children[0])] * len(shape)
    return moved[root]


def narrow_nodes(order):
    """Return the nodes that are multiples of one vector, row by row: a norm of one has few outputs, this vector and its
    negative."""
    # Of what data do not reach nothing is said, and a gate has the directions of what it multiplies.
    narrow, trained = {}, set()
    for node in order:
        if node.source is not None:
            # A nonlinearity of several multiples of one number is a curve in all directions.
            one = (node.shape or (1,))[-1] == 1
            narrow[node] = None if node.kind == "gate" else bool(one and narrow[node.source])
            continue
        if isinstance(node, Data):
            narrow[node] = (node.shape or (1,))[-1] == 1
            continue
        known = [narrow[child] for child in node.inputs if narrow[child] is not None]
        narrow[node] = (_gives_one_number(node, trained) or all(known)) if known else None
        # A bias is a second direction.
        if type(node.operation) is Add and trained.intersection(node.inputs):
            narrow[node] = None if narrow[node] is None else (node.shape or (1,))[-1] == 1
        if isinstance(node, Parameter) or not known and trained.intersection(node.inputs):
            trained.add(node)
    return {node for node, yes in narrow.items() if yes}


def _gives_one_number(node, trained):
    """Say whether a node contracts data with parameters to one number."""
    if type(node.operation) is not Contract:
        return False
    for word, child in zip((node.operation.left, node.operation.right), node.inputs):
        kept = [size for letter, size in zip(word, child.shape) if letter in node.operation.result]
        if child in trained and len(kept) < len(word):
            return all(size == 1 for size in kept)
    return False
