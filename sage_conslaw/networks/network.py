r"""
A network: one graph, with the loss it is trained on, and its response.
"""
import numpy as np

from .graph import Constant, Data, Parameter
from .response import NetworkResponse

LOSSES = ("least-squares", "cross-entropy")


class Network:
    r"""
    An architecture: the graph from the input to the output, written once.

    INPUT:

    - ``architecture`` -- name in the catalog

    - ``sizes`` -- widths from input to output

    - ``output`` -- the output tensor; its last axis are the classes

    - ``positive`` -- names of the parameters that are positive, trained by mirror descent on the entropy by default

    - ``options`` -- what else defines it (``bias``)

    EXAMPLES::

        sage: from sage_conslaw import networks
        sage: net = networks.linear([2, 1, 2]); net
        linear network 2 -> 1 -> 2 with 4 parameters
        sage: net.parameters
        {'U1': (2, 1), 'U2': (1, 2)}
        sage: net.local_reparameterisation()
        [U1_1_1*U2_1_1, U1_1_1*U2_1_2, U1_2_1*U2_1_1, U1_2_1*U2_1_2]
    """

    def __init__(self, architecture, sizes, output, positive=(), **options):
        self.architecture = architecture
        self.sizes = tuple(sizes)
        self.output = output
        self.positive = tuple(positive)
        self.options = options
        self._leaves = [node for node in output.ancestors() if isinstance(node, Parameter)]
        self._responses = {}

    @property
    def parameters(self):
        return {leaf.name: leaf.shape for leaf in self._leaves}

    @property
    def dimension(self):
        return sum(leaf.size for leaf in self._leaves)

    def __repr__(self):
        widths = " -> ".join(map(str, self.sizes))
        bias = " and biases" if self.options.get("bias") else ""
        return f"{self.architecture} network {widths} with {self.dimension} parameters{bias}"

    def response(self, loss="least-squares"):
        r"""
        Return the response: the output paired with the covectors that the loss can produce.

        INPUT:

        - ``loss`` -- ``"least-squares"`` (also logistic per output): a free covector; or
          ``"cross-entropy"`` (softmax): a covector that sums to zero

        EXAMPLES::

            sage: from sage_conslaw import networks
            sage: networks.linear([1, 1, 2]).response("cross-entropy").local_reparameterisation()
            [U1_1_1*U2_1_1 - U1_1_1*U2_1_2]
            sage: networks.linear([1, 1, 2]).response("hinge")
            Traceback (most recent call last):
            ...
            ValueError: loss 'hinge' is not known; choose 'least-squares' or 'cross-entropy'
        """
        if loss not in LOSSES:
            raise ValueError(f"loss {loss!r} is not known; choose {' or '.join(map(repr, LOSSES))}")
        if loss not in self._responses:
            *lead, size = self.output.shape
            if loss == "least-squares":
                covector = Data("s", (*lead, size), "covector")
            else:
                difference = np.hstack([np.eye(size - 1, dtype=int), -np.ones((size - 1, 1), dtype=int)])
                covector = Data("s", (*lead, size - 1), "covector") @ Constant(difference)
            self._responses[loss] = NetworkResponse(self._leaves, [(self.output, covector)])
        return self._responses[loss]

    def local_reparameterisation(self):
        """Return phi, the coefficients of the response in the data variables, as Sage polynomials."""
        return self.response().local_reparameterisation()
