r"""
Questions about several flows of one network.
"""
from .. import flows as flow_room
from ..runtime.arguments import seed_of
from .api import conservation_laws
from ..flows.carried import carried
from ..flows.problem import problem
from ..results.comparison import FlowComparison, NotCounted


def compare_flows(data: object, flows=None, *, loss: str | None = None, seed: int | None = None) -> FlowComparison:
    r"""
    Compare what several flows conserve, law by law; each entry of the table is decided exactly.

    INPUT:

    - ``data`` -- a network or `\phi`, as for :func:`conservation_laws`

    - ``flows`` -- list of flows, their names, or optimisers of ``torch.optim`` (default: gradient flow and momentum
      without damping)

    OUTPUT: a :class:`FlowComparison`

    EXAMPLES:

    Momentum keeps the antisymmetric part, in the velocities ([MGP2024]_, Section 4)::

        sage: from sage_conslaw import compare_flows, flows, networks
        sage: table = compare_flows(networks.linear([1, 2, 2]))
        sage: table.loss, [r.number for r in table.results]
        (2, [3, 1])
        sage: compare_flows(networks.linear([1, 2, 2]), [flows.gradient(), "nesterov"]).loss
        2

    Optimisers by name, and one that is no flow::

        sage: compare_flows(networks.product(2), ["sgd", "sign", "adam", "lbfgs"], seed=0)
        law               gradient flow  sign flow   adam flow   lbfgs (no flow)
        ----------------  -------------  ----------  ----------  ---------------
        x1^2 - x2^2       yes            no          no          not known
        x1 - x2           no             yes         no          not known
        ----------------  -------------  ----------  ----------  ---------------
        independent laws  1 (proved)     1 (proved)  0 (proved)  not counted
        lbfgs is no flow that can be counted: ...
    """
    flows = [flow_room.gradient(), flow_room.momentum()] if flows is None else list(flows)
    flows = [
        flow_room.by_name(flow) if isinstance(flow, str) else flow_room.from_torch_optimizer(flow) for flow in flows
    ]
    # One seed for all flows, so that rows and results are the same from run to run.
    seed = seed_of(seed)
    results = tuple(NotCounted(flow.explanation) if isinstance(flow, flow_room.UncountedFlow) else
                    conservation_laws(data, flow=flow, loss=loss, seed=seed) for flow in flows)
    rows: list = []
    for own, result in enumerate(results):
        if isinstance(result, NotCounted):
            continue
        # A law of a system is compared as it is printed: coordinates have other names in other flows.
        texts = result.readable_laws()
        for index in result.independent:
            law, family = result.terms[index], result.problem.family
            verdicts = tuple(
                # Found by the flow itself it is proved conserved; of the others each is asked exactly, over Q.
                True if i == own else _verdict(law, family, data, flow, loss) for i, flow in enumerate(flows)
            )
            # Two flows find the same law; it is one row.
            if not any((texts[index], verdicts) == row for row in rows):
                rows.append((texts[index], verdicts))
    return FlowComparison(results, tuple(map(repr, flows)), tuple(rows))


def _verdict(law, own, data, flow, loss):
    """Return whether another flow conserves a law of a family; ``None`` if the law has coordinates that it does not
    know, or nobody knows."""
    if isinstance(flow, flow_room.UncountedFlow):
        return None
    family = problem(data, flow, loss).family
    # Velocities and time are coordinates of some flows only: a law with them has no meaning elsewhere.
    same = carried(law, own, family)
    return None if same is None else bool(family.conserved([same])[0])
