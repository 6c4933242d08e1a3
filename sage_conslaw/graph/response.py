r"""
The response of a network: `f(\theta; \xi)`, the outputs paired with covectors, and its readings.

The gradients of the response in `\theta`, for all data `\xi`, span the control fields of every flow.
One backward pass over the graph serves modular evaluation, duals, floats and polynomials alike.
"""
import numpy as np

from ..exact import modular
from .entry_names import EntryNames
from .exact_readings import ExactReadings
from .tensor import Constant, Data


class NetworkResponse(ExactReadings):
    r"""
    The response of a graph of operations, for covectors paired with some of its nodes.

    INPUT:

    - ``leaves`` -- the parameters, in the order of the state

    - ``pairings`` -- pairs (node, covector)

    EXAMPLES::

        sage: from sage_conslaw import networks
        sage: f = networks.relu([1, 2, 1]).response()
        sage: f.names
        ['U1_1_1', 'U1_1_2', 'U2_1_1', 'U2_2_1']
        sage: f.degree                          # in parameters and data together
        5
        sage: f.local_reparameterisation()      # the path-lifting
        [U1_1_1*U2_1_1, U1_1_2*U2_2_1]
    """

    def __init__(self, leaves, pairings, constraints=None, *, coarse=None, lighter=None, drawn=None,
                 forgotten=(), replaced=None, cuts=()):
        # Gradients that span more at every point, for proofs that are cheaper there; and the same function written in
        # fewer terms.
        self.coarse, self.lighter = coarse, lighter
        # What the model leaves aside, in words.
        self.forgotten = tuple(forgotten)
        # For each cut, as it was drawn, the free data that stand for it; and the cuts of the pairings but the first.
        self.replaced, self.cuts = dict(replaced or {}), tuple(cuts)
        # The output as it was drawn, with its true functions, for those who read these.
        self.drawn = self if drawn is None else drawn
        self.leaves = list(leaves)
        self.pairings = list(pairings)
        # For each pairing what its covector satisfies, one of `activations.CONSTRAINTS`, and a mask: what the structure
        # of the graph is read from.
        self.constraints = constraints
        self.names = EntryNames(self.leaves)
        self.dimension = len(self.names)
        # Where the entries of each parameter array begin.
        self.leaf_starts = np.cumsum([0] + [leaf.size for leaf in self.leaves])[:-1]
        # Tied weights are one node; a parameter that nothing uses comes last.
        used = [node for pair in self.pairings for root in pair for node in root.ancestors()]
        self.order = list(dict.fromkeys(used + self.leaves))
        self.data_leaves = [node for node in self.order if isinstance(node, Data)]
        self.degree = max(self._degrees(), default=0)
        constants = [node for node in self.order if isinstance(node, Constant)]
        # Bits that fixed numbers add to the coefficients of a term, which passes through each at most once.
        self.constant_bits = sum(node.denominator.bit_length() + node.largest.bit_length() - 2 for node in constants)
        paired = {node for left, _ in self.pairings for node in left.ancestors()}
        covectors = {node for _, root in self.pairings for node in root.ancestors()}
        # What only covectors are made of: nothing moves it in a derivative of the paired nodes.
        self._covector_nodes = covectors - paired
        # At a normalisation the covectors depend on the parameters: the fields are then no gradients of one phi.
        operations = [node.operation for node in paired if node.operation is not None]
        self.is_polynomial = all(operation.polynomial for operation in operations)
        self.is_gradient = not any(leaf in covectors for leaf in self.leaves) and \
            all(operation.gradient for operation in operations)

    def _degrees(self):
        degrees = {}
        for node in self.order:
            if node.operation is None:
                degrees[node] = 0 if isinstance(node, Constant) else 1
            else:
                degrees[node] = node.operation.degree(*(degrees[child] for child in node.inputs))
        return [degrees[a] + degrees[b] for a, b in self.pairings]

    def draw(self, generator, p, batch):
        """Return ``batch`` independent random values modulo ``p`` of all data variables."""
        return {leaf: modular.random_array(generator, (batch,) + leaf.shape, p) for leaf in self.data_leaves}

    @property
    def data_size(self):
        """How many data variables there are."""
        return sum(leaf.size for leaf in self.data_leaves)

    def data_from_numbers(self, p, rows):
        """Return the data variables from lists of numbers, one a field, in the order of the data leaves."""
        flat, out, start = modular.residues(rows, (len(rows), self.data_size), p), {}, 0
        for leaf in self.data_leaves:
            out[leaf] = flat[:, start:start + leaf.size].reshape((len(rows),) + leaf.shape)
            start += leaf.size
        return out

    def forward(self, A, theta, data, covectors=None, tangents=False):
        r"""
        Return the values of all nodes at the parameters ``theta`` (last axis) and the data.

        INPUT:

        - ``covectors`` -- evaluates what only covectors are made of

        - ``tangents`` -- whether infinitesimal parts are derivatives of the network, and not of the polynomials that
          its fields are
        """
        values, start = {}, 0
        for leaf in self.leaves:
            flat = A.slice(theta, start, start + leaf.size)
            values[leaf] = A.reshape(flat, (leaf.size,), leaf.shape)
            start += leaf.size
        for node in self.order:
            if isinstance(node, Data):
                values[node] = A.embed(data[node])
            elif isinstance(node, Constant):
                values[node] = node.value(A)
            elif node.operation is not None:
                inputs = [values[child] for child in node.inputs]
                if covectors is not None and node in self._covector_nodes:
                    values[node] = covectors(node, inputs)
                else:
                    value = node.operation.tangent if tangents else node.operation.forward
                    values[node] = value(A, *inputs)
        return values

    def gradient(self, A, theta, data):
        r"""
        Return the gradient of the response in the parameters, by one backward pass.

        INPUT:

        - ``A`` -- an arithmetic

        - ``theta`` -- parameters, shape ``(dimension,)`` or ``(batch, dimension)``

        - ``data`` -- data variables as drawn by :meth:`draw`

        OUTPUT: array of shape ``(batch, dimension)``
        """
        values = self.forward(A, theta, data)
        return self.pulled_back(A, values, [(node, values[covector]) for node, covector in self.pairings])

    def pulled_back(self, A, values, seeds, order=None, through=None):
        r"""
        Return the parameters' covectors that given covectors at some nodes are pulled back to, by one backward pass.

        INPUT:

        - ``values`` -- the values of all nodes

        - ``seeds`` -- list of pairs (node, covector)

        - ``order`` -- the nodes, inputs before results

        - ``through`` -- a function ``(data leaf, covector)`` that pulls a covector back to the leaf's source, in the
          float reading
        """
        # Reverse mode: a node's covector is complete when all that reads it has been visited.
        covectors = {}
        for node, covector in seeds:
            self._accumulate(A, covectors, node, covector)
        order = self.order if order is None else order
        needed = self._needed(order, through is not None)
        for node in reversed(order):
            covector = covectors.get(node)
            if covector is None:
                continue
            if node.operation is None:
                if through is not None and node in needed and node.source is not None:
                    self._accumulate(A, covectors, node.source, through(node, covector))
                continue
            inputs = tuple(values[child] for child in node.inputs)
            for which, child in enumerate(node.inputs):
                if child in needed:
                    self._accumulate(A, covectors, child, node.operation.backward(A, which, covector, inputs))
        return A.concatenate([
            A.reshape(covectors[leaf], leaf.shape, (leaf.size,)) if leaf in covectors
            else A.constant(np.zeros(leaf.size, dtype=np.int64)) for leaf in self.leaves
        ], -1)

    @staticmethod
    def _accumulate(A, covectors, node, covector):
        known = covectors.get(node)
        covectors[node] = covector if known is None else A.add(known, covector)

    def _needed(self, order, through_data):
        # What depends on no parameter needs no covector: half of the work for inputs and data.
        needed = set(self.leaves)
        for node in order:
            # Gates are constant around a generic point: only cuts pass covectors on.
            source = node.source if through_data and node.kind == "cut" else None
            if source in needed or any(child in needed for child in node.inputs):
                needed.add(node)
        return needed
