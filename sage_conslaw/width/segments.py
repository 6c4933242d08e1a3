r"""
Networks that fall apart: which parameters no term of the response joins.

The response is a sum over pairings with separate covectors, and each paired tensor a sum of terms.  Scaling each data
leaf by itself shows that terms with different data span separately: `f = \sum_k f_k` with distinct multidegrees in the
data, so `V = \sum_k V_k`.  Join two parameters when one term, or two terms with the same data, contain both.  For the
connected pieces (segments) the tangent space, `V` and the Lie algebra are direct sums: the number of laws is the sum
over segments, and equal segments are computed once.
"""
from abc import ABC, abstractmethod

from ..graph.cuts import SumOne
from ..graph.operations import Add, Contract, Gather
from ..graph.operations.power import Power
from ..graph.tensor import Constant, Data, Parameter

# Terms that are told apart at one tensor; beyond, all that it contains is joined, which is slower and never wrong.
_MOST_TERMS = 300

# What stands for the data of terms that are not told apart.
_MIXED = "mixed"


def segments(response):
    """Return the segments of a network's response as lists of its parameters; unused parameters are segments by
    themselves."""
    joined = _Joined(response.leaves)
    # Covectors of a space that is not known count as ones that depend on the tensor.
    constraints = response.constraints or [(None, None)] * len(response.pairings)
    for (node, covector), (constraint, _) in zip(response.pairings, constraints):
        terms = joined.terms(node)
        if constraint not in ("free", "sum zero"):
            # Covectors that are orthogonal to the tensor: what they are made of takes part in every term.
            joined.together([*terms.values(), *(leaf for leaf in covector.ancestors() if isinstance(leaf, Parameter))])
    found = {}
    for leaf in response.leaves:
        found.setdefault(joined.root(leaf), []).append(leaf)
    return list(found.values())


def apart(response, leaves):
    """Say whether terms with one of these parameters have other data than terms without: then the fields without them
    are fields of the whole."""
    return all(len({bool(n) for n in counts}) == 1 for counts in _counts(response, leaves))


def of_one_degree(response, leaf):
    """Say whether terms with the same other data have the same degree in one tensor of data."""
    return all(len(counts) == 1 for counts in _counts(response, [leaf]))


def _counts(response, leaves):
    """Return for each pairing and multiset of data the numbers of chosen tensors that terms with these data have."""
    counted = _Counted(leaves)
    for node, covector in response.pairings:
        # At a normalisation the covector has parameters too: what counts is the product.
        yield from counted.products(counted.terms(node), counted.terms(covector)).values()


class _Terms(ABC):
    """The terms of nodes, each computed once: the multiset of their data, and what is known of the terms with these."""

    def __init__(self):
        self.known = {}

    @abstractmethod
    def leaf(self, node):
        """Return the data of a leaf, and what is known of it."""

    @abstractmethod
    def times(self, left, right):
        """Return what is known of products of terms."""

    @abstractmethod
    def together(self, values):
        """Return what is known of terms that are not told apart."""

    @abstractmethod
    def anything(self, values):
        """Return what is known of a function of terms."""

    def terms(self, root):
        for node in root.ancestors():
            if node not in self.known:
                self.known[node] = self._terms(node)
        return self.known[root]

    def _terms(self, node):
        # What sums to one is read as a whole, and is of no degree: it cannot be scaled.
        if isinstance(node, (Parameter, Data, Constant, SumOne)):
            data, value = self.leaf(node)
            return {data: value}
        inputs = [self.known[child] for child in node.inputs]
        if isinstance(node.operation, (Gather, Power)):
            # A power has the value of its input, and moves along it: its terms are those of the input.
            return inputs[0]
        if isinstance(node.operation, Add):
            return self._summed(item for part in inputs for item in part.items())
        if isinstance(node.operation, Contract):
            return self.products(*inputs)
        value = self.anything([value for part in inputs for value in part.values()])
        # A function of what has no data has none.
        return {() if all(set(part) <= {()} for part in inputs) else _MIXED: value}

    def products(self, left, right):
        """Return the terms of a product."""
        if len(left) * len(right) > _MOST_TERMS ** 2:
            return {_MIXED: self.times(self.together(left.values()), self.together(right.values()))}
        return self._summed((_MIXED if _MIXED in (a, b) else tuple(sorted(a + b)), self.times(here, there))
                            for a, here in left.items() for b, there in right.items())

    def _summed(self, pairs):
        out = {}
        for data, value in pairs:
            out.setdefault(data, []).append(value)
        # Terms that are not told apart may have the data of any others, and are joined with all of them.
        if _MIXED in out or len(out) > _MOST_TERMS:
            return {_MIXED: self.together([value for values in out.values() for value in values])}
        return {data: self.together(values) for data, values in out.items()}


class _Counted(_Terms):
    """How many of some chosen tensors terms have: sets of numbers."""

    def __init__(self, chosen):
        super().__init__()
        self.chosen = set(chosen)

    def leaf(self, node):
        known = isinstance(node, Data) and node not in self.chosen
        return ((id(node),) if known else ()), {int(node in self.chosen)}

    def times(self, left, right):
        return {i + j for i in left for j in right}

    def together(self, values):
        return set().union(*values)

    def anything(self, values):
        # A function of chosen tensors is no product of them.
        return {0, 1} if self.together(values) - {0} else {0}


class _Joined(_Terms):
    """One of the parameters of terms, ``None`` if they have none; all of them are joined (a forest of disjoint
    sets)."""

    def __init__(self, leaves):
        super().__init__()
        self.parent = {leaf: leaf for leaf in leaves}

    def root(self, leaf):
        while self.parent[leaf] is not leaf:
            self.parent[leaf] = leaf = self.parent[self.parent[leaf]]
        return leaf

    def leaf(self, node):
        return ((id(node),) if isinstance(node, Data) else ()), node if isinstance(node, Parameter) else None

    def times(self, left, right):
        return self.together([left, right])

    def together(self, values):
        first = None
        for leaf in values:
            if first is None:
                first = leaf
            elif leaf is not None:
                self.parent[self.root(leaf)] = self.root(first)
        return first

    anything = together
