r"""
Flows whose fields are no combinations of gradients, but are polynomial in them: written out from finitely many
gradients that span.

Let `G_1, \dots, G_k` be polynomial gradients that span those of the response at every `\theta`.  An optimiser that
moves by a function `F(\theta, g)` of the gradient `g = \sum_a c_a G_a`, polynomial in `g`, conserves `h` for all data
iff `\langle \nabla h, F(\theta, g) \rangle` vanishes for all `c`, that is, coefficient by coefficient: a family of
finitely many polynomial fields, one a monomial in `c`. For `F = g^{\odot 3}` and one gradient `G = (v, u)` this is the
one field `(v^3, u^3)`, and `u^4 - v^4` is its law.
"""
from dataclasses import dataclass
from fractions import Fraction

from ..exact import terms as sparse
from ..fields.explicit import VectorFieldFamily
from ..runtime.errors import InputError, NotCovered
from .flow import Flow
from .polynomial_response import written_gradients
from .groups import common_rate, unused
from .state import FASTEST

ONE = Fraction(1)

# Fields of a family that is written out are differentiated one by one: 1000 of them in 40 coordinates take about 10 s.
MOST_FIELDS = 3000


def spanning_gradients(response):
    """Return polynomial gradients that span those of the response at every point: lists of sparse polynomials, one a
    parameter."""
    try:
        rows = written_gradients(response)
    except InputError as error:
        raise NotCovered(
            f"this optimiser's fields are written out as polynomials here, and {str(error).split(';')[0]}; try a "
            "smaller network of the same kind, or gradient flow or momentum, which write nothing out"
        ) from None
    out, seen = [], set()
    for row in rows:
        leading = next((value for f in row for value in f.values()), None)
        if leading is None:
            continue
        # Multiples of one row are one field: data that enter alike give the same gradient many times.
        key = tuple(frozenset((monomial, value / leading) for monomial, value in f.items()) for f in row)
        if key not in seen:
            seen.add(key)
            out.append(row)
    return out


def coordinate(i):
    """Return a coordinate as a sparse polynomial."""
    return {(i,): ONE}


class WrittenFamily(VectorFieldFamily):
    """
    The fields of a flow written out as polynomials in the coordinates of its state.

    - ``remarks`` -- what the model of the optimiser leaves out, and where the laws hold: lines that results print
    """

    first_parameter = first_forced = 0

    @classmethod
    def of(cls, names, drift, controls, first_parameter=0, remarks=(), **attributes):
        """
        Return the family with these fields.

        INPUT:

        - ``names``, ``drift``, ``controls`` -- as for :meth:`VectorFieldFamily.from_terms`

        - ``first_parameter`` -- where in the state the parameters begin; ``remarks`` -- lines for people

        - ``attributes`` -- others of a family: ``time``, ``rate``, ``meaning``, ``ansatz``
        """
        # Each is differentiated at every draw: the number of fields is what costs.
        if len(controls) > MOST_FIELDS:
            raise NotCovered(
                f"this optimiser's family has {len(controls)} fields when it is written out; at most {MOST_FIELDS} are "
                "taken: try a smaller network of the same kind"
            )
        self = cls.from_terms(names, drift, controls)
        self.first_parameter = self.first_forced = first_parameter
        self.remarks = tuple(remarks)
        for name, value in attributes.items():
            setattr(self, name, value)
        return self


@dataclass(frozen=True, repr=False)
class WrittenFlow(Flow):
    """A flow whose family is written out; subclasses say how."""

    def rates_and_decays(self, response):
        """Return the rate and the decay of each coordinate, as lists; a frozen coordinate has neither."""
        if self.groups is None:
            return [ONE] * response.dimension, [self.decay] * response.dimension
        return self.groups.arranged(response, self.decay)


def written(names, fields, decays, degree, remarks=()):
    r"""
    Return the family of control fields on the parameters alone, each parameter with a decay of its own.

    Where something decays there is a clock `s = e^{\lambda t}`, `\lambda` the largest rate of which every decay is a
    multiple.
    """
    D, rate = len(names), common_rate(decays)
    # Without a decay nothing depends on time, and no clock is a coordinate.
    if not rate:
        # Laws of products say nothing new beyond this degree.
        return WrittenFamily.of(list(names), None, fields, remarks=remarks, ansatz=[(list(range(D)), degree)])
    clock = unused("s", names)
    drift = [{(0,): rate}] + [{(i + 1,): -decay} if decay else {} for i, decay in enumerate(decays)]
    fields = [[{}] + [sparse.shifted(f, 1) for f in field] for field in fields]
    # A law of this degree in coordinates that decay k times as fast as the clock has the factor s^(k degree).
    fastest = min(int(max(decays) / rate), FASTEST)
    return WrittenFamily.of(
        [clock, *names], drift, fields, 1, remarks, time=0, rate=str(rate), meaning={clock: f"exp({rate}*t)"},
        ansatz=[(list(range(1, D + 1)), degree), ([0], degree * fastest)],
    )
