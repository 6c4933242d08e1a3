r"""
Optimisers that are no family of polynomial fields: L-BFGS, Muon, Adafactor, Lion with momentum.
"""
from dataclasses import dataclass, field

from ..runtime.errors import NotCovered
from .spanned import WrittenFlow


@dataclass(frozen=True, repr=False)
class UncountedFlow(WrittenFlow):
    r"""
    An optimiser that is no family of polynomial fields: what is known of its laws, in words.

    - ``reason`` -- why there is no family; ``kept`` -- which laws survive, and how that is known; ``advice`` -- what to
      try; ``hyperparameters`` -- pairs (name, value), for simulations

    EXAMPLES::

        sage: from sage_conslaw import conservation_laws, flows, networks
        sage: flow = flows.from_torch_optimizer("lbfgs"); flow
        lbfgs (no flow)
        sage: conservation_laws(networks.product(2), flow=flow)
        Traceback (most recent call last):
        ...
        sage_conslaw.NotCovered: lbfgs is no flow that can be counted: ...
    """

    reason: str = ""
    kept: str = ""
    advice: str = ""
    # Two optimisers without a family are one as far as laws go: the settings are for simulations.
    hyperparameters: tuple = field(default=(), compare=False)

    def __repr__(self):
        return f"{self.name} (no flow)"

    @property
    def explanation(self):
        """Return in a line why there is no flow, what is known and what to try."""
        return f"{self.name} is no flow that can be counted: {self.reason}; {self.kept}; {self.advice}"

    def family(self, response, metric=None):
        """Refuse, with what is known."""
        raise NotCovered(self.explanation)


def no_flow(name, reason, kept, advice, hyperparameters=()):
    """Return an optimiser without a family, in the words of why, what survives and what to try."""
    return UncountedFlow(name, reason=reason, kept=kept, advice=advice, hyperparameters=tuple(hyperparameters))


def uncounted(name, reason, kept, advice):
    """Return a function of hyperparameters to an optimiser without a family."""
    return lambda h: no_flow(name, reason, kept, advice, sorted(h.items()))
