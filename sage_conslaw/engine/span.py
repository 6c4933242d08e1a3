r"""
The span condition at one point, on given data and for any flow: how many more laws the real network may have there.

Gradients alone do not tell: where they fall short, brackets may make up for it, or make it worse. On inputs of rank one
the gradients of the linear network 3, 3, 1 have rank 1 of 3, two short; the Lie algebra of the real fields has rank 1
of 6, so there are up to `12 - 6 - 1 = 5` more laws.
"""
from dataclasses import dataclass, replace

import numpy as np

from .api import conservation_laws
from ..exact.primes import random_prime
from ..flows import gradient
from ..flows.spanned import WrittenFamily
from ..graph.span_check import SpanCheck, at_one_point
from ..flows.problem import problem
from ..real.grow import control_rank
from ..real.rank import certified_rank
from ..real.work import DEFAULT

# For the certified rank: about ten seconds.
_WORK = 10 * DEFAULT


@dataclass(frozen=True, repr=False)
class RealSpanCheck(SpanCheck):
    r"""
    Ranks of gradients at one point, and certified ranks of the real fields by word length.

    - ``words`` -- proved lower bounds of the rank of the real fields, by word length; ``dimension``, that of the state;
      ``laws``, how many independent laws are known, which hold for the real network

    EXAMPLES::

        sage: import numpy
        sage: from sage_conslaw import networks
        sage: check = networks.linear([3, 3, 1]).check_span(data=numpy.outer([1.0, 2.0, -3.0], [1.0, -2.0, 4.0]),
        ....:     seed=0)
        sage: check.real, check.model, check.words[-1], check.further_laws_at_most
        (1, 3, 1, 5)
    """

    words: tuple = ()
    dimension: int = 0
    laws: int = 0
    method: object = None

    @property
    def further_laws_at_most(self):
        """How many more laws than those known the real network may have on these data near the point: `N - m - r`."""
        # m laws are known, and a rank of at least r leaves at most N - r: N - r - m may be missing.
        return self.dimension - self.laws - (self.words[-1] if self.words else 0)

    def _repr_(self):
        samples = f"{self.samples} sample{'s' if self.samples != 1 else ''}"
        head = f"real gradients have rank {self.real} of the model's {self.model} (numerical, {samples})"
        if self.method is None:
            return super()._repr_()
        ranks = ", ".join(map(str, self.words))
        more = self.further_laws_at_most
        tail = (
            f"real fields have rank at least {ranks} by word length (proved) in {self.dimension} coordinates with "
            f"{self.laws} laws"
        )
        if not more:
            equal = (
                "equal at this point"
                if self.equal
                else f"{self.model - self.real} short at this point, which brackets make up for"
            )
            return (
                f"{head}: {equal}; {tail}, so laws that are complete for the model are complete for the real network "
                f"near it"
            )
        short = "equal at this point" if self.equal else f"{self.model - self.real} short at this point"
        return (
            f"{head}: {short}; {tail}, so the real network may have up to {more} more local "
            f"law{'s' if more > 1 else ''} there "
            "(dead units, patterns never reached, inputs of few dimensions), unless longer brackets or "
            "more data make up for it"
        )


def check_span(network, data=None, samples=None, theta=None, loss="least-squares", seed=0, flow=None):
    r"""
    Compare real gradients with the model's at one point, and certify the rank of the real fields there by word length.

    INPUT: as for :func:`..graph.span_check.check_span`, and

    - ``flow`` -- any flow, by default the network's own

    EXAMPLES::

        sage: from sage_conslaw import flows, networks
        sage: check = networks.gated(2, 1).check_span(samples=40, seed=1, flow=flows.momentum())
        sage: check.words[-1] == check.dimension - check.laws
        True
    """
    check, theta, data = at_one_point(network, data, samples, theta, loss, seed)
    # The model's laws hold for the real network whatever its gradients span, so no certificate of it is needed here.
    known = conservation_laws(network, flow=flow, loss=loss, seed=check.seed, real=False)
    family = problem(network, flow, loss).family
    given = data if isinstance(data, dict) else {network.inputs[0].name: data}
    inputs = {leaf: np.asarray(given[leaf.name], dtype=np.float64) for leaf in network.inputs}
    # A stream of its own, so that the point and the data above are those of any flow.
    generator, at = np.random.default_rng([check.seed, 3]), np.asarray(theta, dtype=np.float64)
    # Fields that are functions of whole gradients are not spanned by those of single samples.
    if isinstance(family, WrittenFamily) or getattr(family, "gradients", None) is not None:
        found = _of_gradients(known, network.response(loss), generator, inputs, at)
    else:
        # More is impossible: the search ends there.
        target = known.state_dimension - known.laws_at_least
        found = certified_rank(family, target, generator, None, _WORK, inputs, at)
    return RealSpanCheck(
        check.real,
        check.model,
        check.samples,
        check.gap,
        check.seed,
        check.error_bound,
        words=found.words,
        dimension=known.state_dimension,
        laws=known.laws_at_least,
        method=found.method,
    )


def _of_gradients(known, response, generator, inputs, at):
    """Return the ranks of an optimiser that reads the gradients at each point: those of its model where the samples'
    gradients span what the model's do, else none."""
    family = gradient().family(response)
    model = control_rank(family, generator, random_prime(generator), family.dimension, 1)
    found = certified_rank(family, model, generator, None, _WORK, inputs, at)
    # The optimiser's model takes any element of the span; where samples span it all, the model is exact.
    whole = found.words and found.words[0] >= model
    return replace(found, words=(known.lie_sequence or (known.lie_dimension,)) if whole else (0,))
