r"""
Where cuts with free values forget a fact of the real network, so that a count by them may be too small: there nothing
is called proved.

- the output of a normalisation lies on a sphere; a trained gain after it makes the tensor arbitrary again, without one
  rotations or the constant sum of squares can give further laws;
- outputs of a softmax sum to one, which matters where weights are contracted along them;
- a nonlinearity of parameters alone is a function of them, no datum;
- powers and exponentials have a slope that their value gives (:mod:`sage_conslaw.graph.tied`);
- with inputs of one number the values after a normalisation have few directions.

EXAMPLES::

    sage: from sage_conslaw import networks
    sage: from sage_conslaw.width.faithful import doubt
    sage: doubt(networks.normalised(30, 20, 10, norm="rms").response()) is None
    True
    sage: doubt(networks.normalised(30, 20, 10, norm="rms", gain=False, bias=False).response())
    'rms norm of x @ W is read without a gain for each unit'
    sage: x, W, U, b = networks.input(2), networks.parameter("W", 2, 3), networks.parameter("U", 3,
    ....:     2), networks.parameter("b", 2)
    sage: doubt(networks.custom((x @ W).softmax() @ U + b).response().coarse)
    'weights are contracted along the outputs of a softmax, which sum to one'
    sage: doubt(networks.custom((b.tanh() * x) @ W).response().coarse)
    'tanh of parameters alone is a function of them'
"""
from ..graph.gains import loose_norms
from ..graph.models import NORMS, SUM_TO_ONE, WITH_EPS, name_of
from ..graph.operations import Add, Contract
from ..graph.tensor import Constant, Data, Parameter
from ..graph.tied import with_given_slope


def doubt(response):
    """Return why free values of cuts may forget something here, or ``None``."""
    return first_doubt(response)[0]


def first_doubt(response):
    r"""
    Return why the free values of a cut may forget something, and the cut; two times ``None`` if nothing is forgotten.
    """
    users = {}
    for node in response.order:
        for place, child in enumerate(node.inputs):
            users.setdefault(child, []).append((node, place))
    cuts = [
        node for node in response.order if isinstance(node, Data) and node.kind == "cut" and node.source is not None
    ]
    # Through data, since a norm may be inside of what another cut is a function of.
    order = dict.fromkeys(node for root, _ in response.pairings for node in root.ancestors(through_data=True))
    loose = loose_norms(order, NORMS + WITH_EPS)
    for cut in cuts:
        if cut in loose:
            return loose[cut], cut
        sources = cut.source.ancestors(through_data=True)
        name = getattr(cut.function, "name", "a nonlinearity")
        # Its values are no free data: they move with the parameters, in one way for all samples.
        if not any(isinstance(node, Data) for node in sources):
            return f"{name} of parameters alone is a function of them", cut
        # A slope that the value gives is no free covector.
        if cut in with_given_slope([*sources, cut], name_of, SUM_TO_ONE):
            return f"the slope of {name} is given by its value", cut
        if "softmax" in name and _weights_along(cut, users):
            return "weights are contracted along the outputs of a softmax, which sum to one", cut
    return None, None


def _only_parameters(node):
    leaves = [leaf for leaf in node.ancestors() if not leaf.inputs]
    return any(isinstance(leaf, Parameter) for leaf in leaves) and all(
        isinstance(leaf, (Parameter, Constant)) for leaf in leaves
    )


def _weights_along(node, users):
    """Say whether the last axis of a tensor is contracted with parameters."""
    for user, place in users.get(node, ()):
        if isinstance(user.operation, Contract):
            words = user.operation.left, user.operation.right
            other = user.inputs[1 - place]
            # A mask or a scale keeps the axis, and what reads it next may contract it.
            if isinstance(other, Constant) and set(words[place]) == set(user.operation.result):
                if _weights_along(user, users):
                    return True
            elif words[place] and words[place][-1] not in user.operation.result and _only_parameters(other):
                return True
        elif isinstance(user.operation, Add) and _weights_along(user, users):
            return True
    return False
