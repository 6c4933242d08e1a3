r"""
Operations that are said by their terms, and made of rearrangements, products and sums.

An output entry `y_k = \sum_t a_{i(k,t)} b_{j(k,t)}` is the contraction ``kt,kt->k`` of two rearrangements of `a` and
`b`, with zeros where an entry has fewer terms.  So whoever reads a graph needs to know nothing new.
"""
from abc import ABC, abstractmethod

import numpy as np

from .contract import Contract


class Composed(ABC):
    r"""
    An operation given by its shape and its terms; ``name`` is that of the method of tensors.

    EXAMPLES:

    The trace of a product, as a sum of products of entries::

        sage: import numpy
        sage: from sage_conslaw import conservation_laws, networks
        sage: from sage_conslaw.graph.operations import Composed
        sage: class Pairing(Composed):
        ....:     name = "pairing"
        ....:     def shape(self, a, b):
        ....:         return ()
        ....:     def terms(self, a, b):
        ....:         entries = numpy.arange(6r)
        ....:         return [(0r*entries, (entries, entries))]
        sage: U, V = networks.parameter("U", 2, 3), networks.parameter("V", 2, 3)
        sage: conservation_laws(networks.custom(Pairing()(U, V)), seed=0).number
        11
    """

    name: str

    @abstractmethod
    def shape(self, *shapes):
        """Return the shape of the result, or say by an ``InputError`` why the shapes do not fit."""

    @abstractmethod
    def terms(self, *shapes):
        """Return the terms, as :meth:`.operation.Operation.terms` does."""

    def __call__(self, *tensors):
        """Return the result on tensors."""
        shapes = [node.shape for node in tensors]
        shape = self.shape(*shapes)
        # The text goes through ``format``, which reads braces in names as places.
        words = ", ".join(node.label().replace("{", "{{").replace("}", "}}") for node in tensors)
        parts = [self._part(tensors, int(np.prod(shape, dtype=np.int64)), outs, inputs, f"{self.name}({words})")
                 for outs, inputs in self.terms(*shapes)]
        total = parts[0]
        for part in parts[1:]:
            total = total + part
        return total.reshape(shape)

    @staticmethod
    def _part(tensors, size, outs, inputs, written):
        """Return one list of terms as a contraction over the terms of each output entry."""
        # Terms of one entry get the places 0, 1, ... in its row of a table; short rows end with the place of a zero.
        order = np.argsort(outs, kind="stable")
        counts = np.bincount(outs, minlength=size)
        place = np.arange(len(outs)) - np.repeat(np.cumsum(counts) - counts, counts)
        most = int(counts.max(initial=1))
        factors = []
        for node, entries in zip(tensors, inputs):
            if entries is not None:
                table = np.full((size, most), -1, dtype=np.int64)
                table[outs[order], place] = entries[order]
                factors.append(node.gather(table))
        # More than two factors are multiplied entry by entry, as contractions take two.
        while len(factors) > 2:
            factors[:2] = [factors[0] * factors[1]]
        if len(factors) == 2:
            return factors[0].made(Contract("kt,kt->k"), factors, written)
        ones = factors[0].constant(np.ones(most, dtype=np.int64))
        return factors[0].made(Contract("kt,t->k"), (factors[0], ones), written)
