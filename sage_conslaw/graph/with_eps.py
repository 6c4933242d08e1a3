r"""
Which laws need normalisations without a constant below the root.

Networks are counted with `\epsilon = 0`: a norm then does not see the scale of its input, and laws such as `|W|^2`
follow. Implementations add `\epsilon > 0`, which breaks these, slowly; all others hold as they are. With a constant the
value is `s z` and the derivative `s\, dz + t \langle z, dz \rangle z` with two scalars: a law of all of these, whatever
`s` and `t` are, holds for any `\epsilon`.

The trivial case: no norm at all. The famous one: `W`, a root mean square norm with gain `g` and `U` keep
`g_j^2 - |U_j|^2` for any `\epsilon`, and `|W|^2` for 0 only. One that looks like it and is not: the Noether laws of
momentum, since norms with a constant commute with rotations too.
"""
import copy

from .models import NORMS, model_of
from .response import NetworkResponse
from .tensor import Data


def response_with_eps(response):
    """
    Return a response whose laws hold for any constant in the norms; ``None`` where the network has no norm without one.
    """
    # The network as it was drawn: in the model norms are products and powers already.
    output, covector = response.drawn.pairings[0]
    if not any(
        isinstance(node, Data) and node.kind == "cut" and node.function.name in NORMS
        for node in output.ancestors(through_data=True)
    ):
        return None
    model = model_of(output, eps=True)
    return NetworkResponse(response.leaves, [(model.output, covector), *model.pairings])


def holds_for_any_eps(family, laws):
    """Decide for each law whether it is one whatever constant the norms have."""
    response = getattr(family, "response", None)
    other = response_with_eps(response) if isinstance(response, NetworkResponse) else None
    if other is None:
        return [True] * len(laws)
    # The same flow of another response: metric, drift and clock stay.
    family = copy.copy(family)
    family.response = other
    return family.conserved(list(laws))
