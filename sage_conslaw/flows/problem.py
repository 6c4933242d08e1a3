r"""
From what the user hands over to a family: the one place where inputs become problems.
"""
from dataclasses import dataclass, field, replace

from .. import flows as flow_room
from ..exact import terms as sparse
from ..exact.products import in_ring
from ..fields.family import ControlAffineFamily
from .metric import of_network
from .sign import SignFlow
from .spanned import WrittenFamily
from .polynomial_response import PolynomialResponse
from .rescaled import RescaledResponse
from ..expressions.polynomials import polynomials_of_one_ring
from ..graph.network import Network
from ..runtime.errors import InputError, InputTypeError, shortened


@dataclass
class Problem:
    """A family, and how to name it in a result."""

    family: ControlAffineFamily
    architecture: str
    sizes: tuple
    flow_name: str
    loss: str
    parameters: int
    ring: object = None
    options: tuple = field(default=())
    # Names and shapes of a network's parameters, in the order of the state; laws are written as matrices by them.
    shapes: tuple = ()
    # What was handed over, for certificates: the network (or ``None``), and the flow with the network's own metric.
    network: object = None
    flow: object = None
    own_metric: object = None

    def __reduce__(self):
        # Fields and caches are made anew from what was handed over.
        state = {key: value for key, value in self.__dict__.items() if key != "family"}
        family = self.family if self.flow is None else None
        response = None if self.flow is None or self.network is not None else self.family.response
        return _restored, (state, family, response)

    def law(self, terms):
        """Return a law as a Sage polynomial in the user's own ring."""
        value = in_ring(terms, self.family.ring())
        return value if self.ring is None else self.ring(value)


def _restored(state, family, response):
    """Return a problem from its pickle."""
    if family is None:
        network, flow = state["network"], state["flow"]
        family = (
            flow.family(response)
            if network is None
            else _family(flow, network.response(state["loss"]), state["own_metric"])
        )
    return Problem(family, **state)


def _family(flow, response, metric):
    """Return the family of a flow on a network; one that is written out, or has a rate for each layer, names the
    gradients that it is made of."""
    family = flow.family(response, metric)
    if isinstance(family, WrittenFamily):
        # Signs are read where the parameters are positive, by default.
        family.gradients = None if getattr(flow, "at", ()) else flow_room.gradient(
            "mirror" if isinstance(flow, SignFlow) else None
        ).family(response)
        # What the model of the gradients leaves aside, what is written out from them does.
        family.forgotten = getattr(response, "forgotten", ())
        family.reads_signs = isinstance(flow, SignFlow) and flow.groups is None and not flow.decay
    elif isinstance(family.response, RescaledResponse):
        family.gradients = flow_room.gradient().family(response)
    return family


def problem(data, flow=None, loss=None):
    r"""
    Return the problem of a network, a local reparameterisation or a family of vector fields.

    INPUT:

    - ``data`` -- a :class:`Network`; a polynomial or a list of polynomials (`\phi`), of Sage or SymPy; or a
      :class:`VectorFieldFamily`

    - ``flow`` -- a flow or its name; by default gradient flow, in the network's own metric

    - ``loss`` -- the loss, for networks
    """
    if isinstance(data, ControlAffineFamily):
        if flow is not None or loss is not None:
            raise InputError("a family of vector fields is the flow itself: leave out flow and loss")
        kind = "drift" if not data.has_controls else "family"
        # Fields given as text have no ring of the user's.
        ring = getattr(data, "user_ring", None)
        return Problem(data, "system", (), kind, "none", data.moving_dimension, ring=ring)
    given, flow = flow, as_flow(flow)
    if isinstance(data, Network):
        loss = loss or getattr(data, "loss", None) or "least-squares"
        response = data.response(loss)
        _refuse_part(given, response)
        # Parameters that the architecture keeps positive move in the entropy's metric, unless the flow says otherwise.
        metric = of_network(data, flow.metric if isinstance(flow.metric, str) else None)
        if flow.metric == "icnn":
            flow = replace(flow, metric=None)
        options = tuple((key, value) for key, value in sorted(data.options.items()))
        return Problem(_family(flow, response, metric), data.architecture, data.sizes, flow.name, loss,
                       response.dimension, options=options, shapes=tuple(data.parameters.items()),
                       network=data, flow=flow, own_metric=metric)
    if loss not in (None, "least-squares"):
        raise InputError(f"loss {loss!r} needs a network: with phi given, put the loss into phi "
                         f"(cross-entropy: the differences phi_i - phi_n)")
    if isinstance(data, dict):
        raise InputTypeError("phi is a mapping; give a list of polynomials, or a system: system(variables, drift)")
    if isinstance(data, str) and data.strip().isidentifier():
        raise InputError(
            f'phi is the bare name {shortened(data.strip(), 40)!r}: nothing is shared; give polynomials such as "x*y", '
            "or a network such as networks.linear([3, 2, 3])"
        )
    if (
        isinstance(data, str)
        or not hasattr(data, "__iter__")
        or hasattr(data, "parent")
        or hasattr(data, "free_symbols")
    ):
        # One polynomial is a phi with one component.
        data = [data]
    data = list(data)
    if flow.metric == "icnn":
        raise InputError(
            "the icnn metric belongs to the icnn network; with phi, give the metric as a list (its diagonal)"
        )
    ring, components = polynomials_of_one_ring(data, "phi")
    components = [sparse.from_sage(f) for f in components]
    if not any(map(sparse.degree, components)):
        raise InputError("phi is constant: nothing moves; give polynomials in the parameters, e.g. u*v")
    response = PolynomialResponse(ring.variable_names(), components)
    _refuse_part(given, response)
    parents = [f.parent() for f in data if hasattr(f, "parent") and hasattr(f.parent(), "variable_names")
               and f.parent().variable_names() == ring.variable_names()]
    # Laws come back in the ring of the input where it has all coordinates of the state.
    user_ring = parents[0] if parents and flow.keeps_ring else None
    return Problem(flow.family(response), "phi", (), flow.name, "least-squares", response.dimension,
                   ring=user_ring, flow=flow)


def _refuse_part(optimiser, response):
    """Refuse an object of ``torch.optim`` of fewer parameters than there are: it does not say which stand still."""
    held = sum(int(tensor.numel()) for group in getattr(optimiser, "param_groups", ()) for tensor in group["params"])
    # More may be: parameters that the network does not use.
    if hasattr(optimiser, "param_groups") and held < response.dimension:
        raise InputError(
            f"the optimiser has {held} parameters and the network {response.dimension}; what it leaves out is frozen: "
            "give flows.from_torch_optimizer(optimiser, model=model)"
        )


def as_flow(flow):
    """Return a flow that is given as one, by its name, or as an optimiser of PyTorch; gradient flow by default."""
    if flow is None:
        return flow_room.gradient()
    if isinstance(flow, str):
        return flow_room.by_name(flow)
    if hasattr(flow, "param_groups"):
        return flow_room.from_torch_optimizer(flow)
    if not isinstance(flow, flow_room.Flow):
        raise InputTypeError(f"flow {flow!r} is not a flow; give e.g. flows.gradient()")
    return flow
