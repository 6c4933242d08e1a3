r"""
A network: one graph, with the loss it is trained on, and its response.
"""
import sage_conslaw

from ..runtime.errors import InputError, InputTypeError
from .cuts import sum_zero
from .models import model_of
from .picture import draw
from .response import NetworkResponse
from .scaled_norms import without_scaled_norms
from .svg import svg
from .tensor import Data, Parameter
from .values import flattened, nodes_of, restored, signature

LOSSES = ("least-squares", "cross-entropy")

# Up to this many parameters normalisations are read exactly (a rank takes 1 s); above, their outputs are free data.
EXACT_COORDINATES = 300

# Names of entries are compared up to this number of parameters (5 ms); the catalog's own names never meet.
_CHECKED_NAMES = 10_000


class Network:
    r"""
    An architecture: the graph from the input to the output, written once.

    INPUT:

    - ``architecture`` -- name in the catalog

    - ``sizes`` -- widths from input to output

    - ``output`` -- the output tensor; its last axis are the classes

    - ``positive`` -- names of the parameters that are positive, trained by mirror descent on the entropy by default

    - ``parameters`` -- the trained arrays (default: those of the graph); unused ones are laws by themselves

    - ``options`` -- what else defines it (``bias``)

    EXAMPLES::

        sage: from sage_conslaw import networks
        sage: net = networks.linear([2, 1, 2]); net
        linear network 2 -> 1 -> 2 with 4 parameters
        sage: net.parameters, net.dimension, net.shown_names()
        ({'U1': (2, 1), 'U2': (1, 2)}, 4, {'U1': 'U1', 'U2': 'U2'})
        sage: net.local_reparameterisation()
        [U1_1_1*U2_1_1, U1_1_1*U2_1_2, U1_2_1*U2_1_1, U1_2_1*U2_1_2]
    """

    def __init__(self, architecture, sizes, output, positive=(), parameters=None, **options):
        self.architecture = architecture
        self.sizes = tuple(sizes)
        self.output = output
        self.positive = tuple(positive)
        self.options = options
        for leaf in parameters or ():
            if not isinstance(leaf, Parameter):
                raise InputTypeError(f"{leaf!r} in the list of parameters is none; make them with networks.parameter")
        nodes = output.ancestors(through_data=True)
        used = [node for node in nodes if isinstance(node, Parameter)]
        # The order of the state is that of the list, else that in which the graph reads them.
        self._leaves = list(used if parameters is None else parameters)
        self.unused = tuple(leaf.name for leaf in self._leaves if leaf not in used)
        self.inputs = tuple(node for node in nodes if isinstance(node, Data) and node.kind == "input")
        self._responses = {}
        self._check_leaves(used)

    # A network is a value: equal ones have the same graph, names, sizes and options, and a pickle has the graph as a
    # list.

    def _signature(self):
        if "_known_signature" not in self.__dict__:
            self._known_signature = (
                self.architecture, self.sizes, self.positive, tuple(sorted(self.options.items())),
                getattr(self, "loss", None), signature(self.output, self._leaves))
        return self._known_signature

    def __eq__(self, other):
        if not isinstance(other, Network):
            return NotImplemented
        return self is other or self.dimension == other.dimension and self._signature() == other._signature()

    def __hash__(self):
        # Without the graph, whose constants may be large: equal networks have equal hashes, and the graph is compared.
        return hash((self.architecture, self.sizes, self.positive, tuple(self.parameters.items())))

    def __getstate__(self):
        state = {key: value for key, value in self.__dict__.items() if key not in ("_responses", "_known_signature")}
        return flattened(state, nodes_of(self.output, self._leaves))

    def __setstate__(self, packed):
        self.__dict__.update(restored(*packed))
        self._responses = {}

    def _check_leaves(self, used):
        missing = [leaf.name for leaf in used if leaf not in self._leaves]
        if missing:
            raise InputError(f"the parameter {missing[0]} is in the graph but not in the list of parameters; add it, "
                             f"or make it networks.fixed")
        names = [leaf.name for leaf in self._leaves]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise InputError(f"two parameters have the name {twice[0]}; give them distinct names, or use one tensor "
                             f"twice to tie the weights")
        if sum(leaf.size for leaf in self._leaves) <= _CHECKED_NAMES:
            entries = [name for leaf in self._leaves for name in leaf.entry_names()]
            # `W` of shape (2, 3) and a number `W_1_2` would be one variable in every law that is printed.
            if len(set(entries)) < len(entries):
                both = min(name for name in entries if entries.count(name) > 1)
                raise InputError(f"two entries have the name {both}; rename one of the parameters")
        if not self._leaves:
            raise InputError("the network has no parameters: nothing is trained; make some with networks.parameter")

    @property
    def parameters(self):
        """The names and shapes of the trained arrays; laws are named after their entries."""
        return {leaf.name: leaf.shape for leaf in self._leaves}

    def shown_names(self):
        """Return how the trained arrays are called where people read: those of a module of PyTorch have points."""
        return {leaf.name: leaf.name for leaf in self._leaves}

    @property
    def dimension(self):
        """The number of parameters."""
        return sum(leaf.size for leaf in self._leaves)

    def __repr__(self):
        widths = " -> ".join(map(str, self.sizes))
        words = " and biases" if self.options.get("bias") else ""
        words += "".join(f", {key}" if isinstance(value, bool) else f", {key} {value}"
                         for key, value in sorted(self.options.items()) if key != "bias" and value not in (None, False))
        if self.unused:
            words += f"; {', '.join(self.unused)} unused: each entry is a law by itself"
        return f"{self.architecture} network {widths + ' ' if widths else ''}with {self.dimension} parameters{words}"

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
            sage_conslaw.InputError: loss 'hinge' is not known; choose 'least-squares' or 'cross-entropy'
        """
        if loss not in LOSSES:
            raise InputError(f"loss {loss!r} is not known; choose {' or '.join(map(repr, LOSSES))}")
        if loss not in self._responses:
            plain = without_scaled_norms(self.output)
            exact = model_of(self.output, exact=True) if self.dimension <= EXACT_COORDINATES else None
            # Above the limit the coarse reading is all there is, of the network without norms that norms undo.
            coarse = None if exact is not None and exact.same else self._response_of(
                model_of(self.output if exact is not None else plain, exact=False), loss)
            if exact is not None and plain is not self.output:
                # The same function in fewer terms: laws of it are laws.
                lighter = self._response_of(model_of(plain, exact=True), loss)
                self._responses[loss] = self._response_of(exact, loss, coarse, lighter)
            else:
                self._responses[loss] = coarse if exact is None else self._response_of(exact, loss, coarse)
        return self._responses[loss]

    def _response_of(self, model, loss, coarse=None, lighter=None):
        shape = model.output.shape
        if loss == "cross-entropy" and not shape:
            raise InputError("cross-entropy needs classes on the last axis of the output, which has no axis")
        free = Data("s", shape, "covector") if loss == "least-squares" else sum_zero("s", shape)
        constraints = [("free" if loss == "least-squares" else "sum zero", None), *model.constraints]
        # Where the model replaces nothing, the drawn output is its own.
        as_drawn = model.output is self.output and not model.pairings
        drawn = None if as_drawn else NetworkResponse(self._leaves, [(self.output, free)])
        return NetworkResponse(
            self._leaves, [(model.output, free), *model.pairings], constraints, coarse=coarse, lighter=lighter,
            drawn=drawn, forgotten=model.forgotten, replaced=model.replaced, cuts=model.cuts)

    def local_reparameterisation(self):
        """Return phi, the coefficients of the response in the data variables, as Sage polynomials."""
        return self.response().local_reparameterisation()

    def draw(self, figsize=None):
        r"""
        Return a picture of the graph, from input to output; blocks that are equal are there once.

        EXAMPLES::

            sage: from sage_conslaw import networks
            sage: networks.attention(4, 2).draw()
            Graphics object consisting of ... graphics primitives
        """
        return draw(self, figsize)

    def svg(self):
        r"""
        Return the same picture as the text of an SVG file.

        EXAMPLES::

            sage: from sage_conslaw import networks
            sage: print(networks.attention(4, 2).svg()[:40])
            <svg xmlns="http://www.w3.org/2000/svg"
        """
        return svg(self)

    def check_span(self, data=None, samples=None, theta=None, loss="least-squares", seed=0, flow=None):
        r"""
        Compare real gradients with the model's at one point, and bound how many more laws the real network has there:
        see :mod:`sage_conslaw.engine.span`.

        EXAMPLES::

            sage: from sage_conslaw import networks
            sage: networks.gated(2, 2).check_span().equal
            True
        """
        return sage_conslaw.check_span(self, data, samples, theta, loss, seed, flow)


def required(given, otherwise):
    """
    Return a network that was given, or say what else was: the one place where what is handed over is asked its kind.
    """
    if not isinstance(given, Network):
        raise InputTypeError(otherwise)
    return given
