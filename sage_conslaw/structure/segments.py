r"""
Networks that fall apart: which parameters no term of the response joins.

The response is a sum over pairings with separate covectors, and each paired tensor a sum of terms.  Scaling each data
leaf by itself shows that terms with different data span separately: `f = \sum_k f_k` with distinct multidegrees in the
data, so `V = \sum_k V_k`.  Join two parameters when one term, or two terms with the same data, contain both.  For the
connected pieces (segments) the tangent space, `V` and the Lie algebra are direct sums: the number of laws is the sum
over segments, and equal segments are computed once.

EXAMPLES:

A transformer block falls into attention, the feed-forward part up to its activation, and the matrix after it::

    sage: from sage_conslaw import networks
    sage: from sage_conslaw.structure.segments import segments
    sage: f = networks.transformer_block(4, 3, heads=2).response().coarse
    sage: [[leaf.name for leaf in segment] for segment in segments(f)]
    [['g1', 'b1', 'Q', 'K', 'V', 'O'], ['g2', 'b2', 'up'], ['down']]
"""
from ..graph.cuts import SumOne
from ..graph.operations import Add, Contract
from ..graph.tensor import Constant, Data, Parameter

# Terms that are told apart at one tensor; beyond, all that it contains is joined, which is slower and never wrong.
_MOST_TERMS = 300

_MIXED = "mixed"


def segments(response):
    r"""
    Return the segments of a network's response as lists of its parameters; unused parameters are segments by
    themselves.

    EXAMPLES::

        sage: from sage_conslaw import networks
        sage: from sage_conslaw.structure.segments import segments
        sage: [[leaf.name for leaf in part] for part in segments(networks.perceptron([2, 3, 2], activation="gelu",
        ....:     bias=True).response())]
        [['U1'], ['b1'], ['U2']]
    """
    joined = _Joined(response.leaves)
    constraints = response.constraints or [(None, None)] * len(response.pairings)
    terms = {}
    for (node, covector), (constraint, _) in zip(response.pairings, constraints):
        for ancestor in node.ancestors():
            if ancestor not in terms:
                terms[ancestor] = _terms(ancestor, terms, joined)
        if constraint not in ("free", "sum zero"):
            # What the covector is made of takes part in every term.
            others = [leaf for leaf in covector.ancestors() if isinstance(leaf, Parameter)]
            joined.all([*terms[node].values(), *others])
    found = {}
    for leaf in response.leaves:
        found.setdefault(joined.root(leaf), []).append(leaf)
    return list(found.values())


def apart(response, leaves):
    r"""
    Say whether terms with one of these parameters have other data than terms without: then the fields without them are
    fields of the whole.

    EXAMPLES::

        sage: from sage_conslaw import networks
        sage: from sage_conslaw.structure.segments import apart
        sage: f = networks.relu([3, 2, 1], bias=True).response()
        sage: apart(f, f.leaves[1r:2r])
        True
        sage: x, W, V = networks.input(2), networks.parameter("W", 2, 2), networks.parameter("V", 2, 2)
        sage: apart(networks.custom(x @ W + x @ V).response(), [V])
        False
    """
    return all(len({bool(n) for n in counts}) == 1 for counts in _counts(response, leaves))


def of_one_degree(response, leaf):
    r"""
    Say whether terms with the same other data have the same degree in one tensor of data.

    EXAMPLES::

        sage: from sage_conslaw import networks
        sage: from sage_conslaw.graph.cuts import sum_one
        sage: from sage_conslaw.structure.segments import of_one_degree
        sage: A, V, b = sum_one("A", (2, 2)), networks.parameter("V", 3, 2), networks.parameter("b", 2)
        sage: x, c = networks.input(2, 3), networks.parameter("c", 3)
        sage: [of_one_degree(networks.custom(y).response(), A) for y in (A @ (x @ V), A @ (x @ V) + b, A @ V.T + c)]
        [True, True, False]
    """
    return all(len(counts) == 1 for counts in _counts(response, [leaf]))


def _counts(response, leaves):
    """Return for each pairing and multiset of data the numbers of chosen tensors that terms with these data have."""
    chosen, terms = set(leaves), {}
    for pair in response.pairings:
        for node in pair:
            for ancestor in node.ancestors():
                if ancestor not in terms:
                    terms[ancestor] = _counted(ancestor, terms, chosen)
        # At a normalisation the covector has parameters too: what counts is the product.
        yield from _products(terms[pair[0]], terms[pair[1]]).values()


def _counted(node, terms, chosen):
    """Return the terms of a node: the multiset of their data, and how many chosen tensors they have."""
    if node in chosen or isinstance(node, (Parameter, Data, Constant, SumOne)):
        known = isinstance(node, Data) and node not in chosen
        return {(id(node),) if known else (): {int(node in chosen)}}
    inputs = [terms[child] for child in node.inputs]
    if len(inputs) == 1:
        return inputs[0]
    if isinstance(node.operation, Add):
        return _summed(item for part in inputs for item in part.items())
    if isinstance(node.operation, Contract) and len(inputs[0]) * len(inputs[1]) <= _MOST_TERMS ** 2:
        return _products(*inputs)
    return {_MIXED: {0, 1}}


def _products(left, right):
    return _summed((_MIXED if _MIXED in (a, b) else tuple(sorted(a + b)), {i + j for i in here for j in there})
                   for a, here in left.items() for b, there in right.items())


def _summed(pairs):
    out = {}
    for key, counts in pairs:
        out[key] = out.get(key, set()) | counts
    return out if len(out) <= _MOST_TERMS and _MIXED not in out else {_MIXED: {0, 1}}


class _Joined:
    def __init__(self, leaves):
        self.parent = {leaf: leaf for leaf in leaves}

    def root(self, leaf):
        while self.parent[leaf] is not leaf:
            self.parent[leaf] = leaf = self.parent[self.parent[leaf]]
        return leaf

    def all(self, leaves):
        """Join the leaves, some of which may be ``None``, and return one of them."""
        first = None
        for leaf in leaves:
            if leaf is None:
                continue
            if first is None:
                first = leaf
            else:
                self.parent[self.root(leaf)] = self.root(first)
        return first


def _terms(node, terms, joined):
    """Return the terms of a node: the multiset of its data, and one of the parameters in them (``None`` if there are
    none)."""
    if isinstance(node, Parameter):
        return {(): node}
    if isinstance(node, Data):
        return {(id(node),): None}
    if isinstance(node, (Constant, SumOne)):
        # What sums to one is of no degree.
        return {(): None}
    inputs = [terms[child] for child in node.inputs]
    if isinstance(node.operation, Add):
        pairs = [item for part in inputs for item in part.items()]
    elif isinstance(node.operation, Contract) and len(inputs) == 2:
        if len(inputs[0]) * len(inputs[1]) > _MOST_TERMS ** 2:
            return {_MIXED: joined.all([*inputs[0].values(), *inputs[1].values()])}
        pairs = [(_MIXED if _MIXED in (a, b) else tuple(sorted(a + b)), joined.all((left, right)))
                 for a, left in inputs[0].items() for b, right in inputs[1].items()]
    else:
        return joined_all(inputs, joined)
    out = {}
    for key, leaf in pairs:
        out[key] = joined.all((out.get(key), leaf))
    if _MIXED in out or len(out) > _MOST_TERMS:
        return {_MIXED: joined.all(out.values())}
    return out


def joined_all(inputs, joined):
    r"""
    Return the terms of a linear map of one tensor: its own; anything else mixes what it is made of.

    EXAMPLES::

        sage: from sage_conslaw.structure.segments import joined_all
        sage: joined_all([{(): None}], None)
        {(): None}
    """
    if len(inputs) == 1:
        return inputs[0]
    return {_MIXED: joined.all([leaf for part in inputs for leaf in part.values()])}
