r"""
The frozen result of a dimension: of a neurovariety, or of the functions that any network can express.
"""
from dataclasses import dataclass, field

from .._sage import SageObject
from .. import certificates


@dataclass(frozen=True, repr=False, kw_only=True)
class FunctionDimension(SageObject):
    r"""
    The dimension of the set of functions that a network expresses, and how it is known.

    EXAMPLES::

        sage: from sage_conslaw import dimension, networks
        sage: dimension(networks.polynomial([5, 5, 3, 1], 2), seed=0)
        dimension 32 where 35 is expected, in an ambient space of dimension 70: defective (proved)

    ``defective``::

        sage: [dimension(networks.polynomial(w, 2), seed=0).defective for w in ([2, 2, 1], [5, 4, 3, 1])]
        [False, True]

    ``filling``::

        sage: dimension(networks.polynomial([2, 3, 3, 4, 4, 2, 1], 2), seed=0).filling
        True

    ``certificate``::

        sage: from sage_conslaw import certificates, dimension, networks
        sage: certificates.check_dimension(dimension(networks.polynomial([5, 4, 3, 1], 2), seed=0).certificate())
        'dimension 25 where 28 is expected, in an ambient space of dimension 70: 25 at least and at most; 5 4 3 1,
        power 2'

    ``to_dict``::

        sage: r = dimension(networks.polynomial([2, 2, 1], 2), seed=0).to_dict()
        sage: r["dimension"], r["expected"], r["ambient"], r["defective"], r["status"]
        (3, 3, 3, False, 'proved')
    """

    widths: tuple
    power: object
    parameters: int
    dimension: int
    dimension_at_most: int
    expected: object
    ambient: object
    status: str
    error_bound: object
    seed: int
    seconds: float = field(compare=False)

    @property
    def defective(self):
        r"""
        Whether the dimension is smaller than expected; ``None`` where this is not proved, or nothing is expected.
        """
        if self.expected is None:
            return None
        # The dimension is a proved lower bound, and what is expected bounds it from above.
        if self.dimension >= self.expected:
            return False
        # A rank below what is expected is not enough: it may be low at this point alone.
        return True if self.dimension_at_most < self.expected else None

    @property
    def filling(self):
        """Whether the functions fill the ambient space; ``None`` where this is not proved."""
        if self.ambient is None:
            return None
        # From below the rank proves that it fills; from above only a bound that it does not.
        return True if self.dimension == self.ambient else False if self.dimension_at_most < self.ambient else None

    def certificate(self):
        r"""
        Return the certificate, a record that anyone can recheck: :func:`sage_conslaw.certificates.check_dimension`, or
        ``python -m sage_conslaw.check_dimension FILE`` without the package.
        """
        return certificates.dimension_certificate(self)

    def _repr_(self):
        certainty = self.status if self.error_bound is None else f"{self.status}, error at most {self.error_bound:.1e}"
        if self.expected is None:
            return f"dimension {self.dimension} with {self.parameters} parameters ({certainty})"
        ambient = f"in an ambient space of dimension {self.ambient}"
        if self.dimension < self.expected:
            return f"dimension {self.dimension} where {self.expected} is expected, {ambient}: defective ({certainty})"
        return f"dimension {self.dimension}, as expected, {ambient}{': filling' if self.filling else ''} ({certainty})"

    def to_dict(self) -> dict:
        """Return the result as JSON objects."""
        return {
            "widths": [int(n) for n in self.widths],
            "power": self.power,
            "parameters": self.parameters,
            "dimension": self.dimension,
            "dimension_at_most": self.dimension_at_most,
            "expected": self.expected,
            "ambient": self.ambient,
            "defective": self.defective,
            "filling": self.filling,
            "status": self.status,
            "error_bound": self.error_bound,
            "seed": self.seed,
            "seconds": round(self.seconds, 3),
        }
