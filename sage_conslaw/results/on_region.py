r"""
Laws that hold near a point only: on a region of activation of a piecewise polynomial network, or of equal signs of
parameters that norms read nothing else of.
"""
from dataclasses import dataclass

from .._sage import SageObject

_SHOWN = 8


@dataclass(frozen=True, repr=False)
class LawsOnRegion(SageObject):
    r"""
    The polynomial laws on the region of activation around a point, for every input.

    - ``laws`` -- a basis of them; ``independent`` -- the indices of those that are functionally independent

    - ``point`` -- parameters inside the region; ``patterns`` -- how many patterns of activation inputs have there
      (``None``: it is a region of signs)

    - ``complete`` -- whether they are all the laws there, proved

    EXAMPLES::

        sage: from sage_conslaw import conservation_laws, networks
        sage: r = conservation_laws(networks.relu([1, 2, 1]), seed=0); r
        2 independent laws of degree at most 2 in 4 parameters, complete (proved, no assumption)
        sage: r.region is None
        True
        sage: r = conservation_laws(networks.relu([1, 4, 1]), seed=0)
        sage: r.number, len(r.independent_laws), len(r.region.independent_laws), r.region.complete
        (6, 4, 6, True)

    ``independent_laws``::

        sage: r = conservation_laws(networks.perceptron([1, 2, 1], activation="abs"), seed=0)
        sage: len(r.region.independent_laws)
        3
    """

    laws: tuple
    independent: tuple
    point: tuple
    patterns: object
    complete: bool

    @property
    def independent_laws(self):
        """The laws that are functionally independent."""
        return tuple(self.laws[i] for i in self.independent)

    def where(self):
        """Return in words where they hold."""
        numbers = ", ".join(f"{float(a):g}" for a in self.point[:_SHOWN])
        # Patterns are those of units; norms that read signs have none.
        region = "the region of activation" if self.patterns is not None else "the region of equal signs"
        return f"on {region} around ({numbers}{', ...' if len(self.point) > _SHOWN else ''})"

    def to_dict(self):
        """Return it as JSON objects."""
        return {
            "laws": list(map(str, self.laws)),
            "independent": list(self.independent),
            "point": [f"{float(a):g}" for a in self.point],
            "patterns": self.patterns,
            "complete": self.complete,
        }

    def _repr_(self):
        number = len(self.independent)
        return (
            f"{number} independent law{'' if number == 1 else 's'} {self.where()}"
            f"{', complete (proved, no assumption)' if self.complete else ''}"
        )
