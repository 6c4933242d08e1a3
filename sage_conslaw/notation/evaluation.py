r"""
Laws at given parameters: every matrix expression as a matrix, what is in none as a number, without writing polynomials
out.
"""
import re
import weakref
from dataclasses import dataclass

import numpy as np

from ..exact import modular
from ..exact.linear_algebra import independent_rows
from ..laws.independence import jacobian
from ..runtime.errors import InputError, InputTypeError, NotCovered
from .forms import like

# Fixed, so that the same laws are shown in the same way: it decides which polynomials stand beside expressions.
_PRIME = (1 << 61) - 1

# Laws as functions, by the identity of their result, as long as it lives.
_MADE: dict = {}


@dataclass(frozen=True)
class PolynomialForm:
    """A sparse polynomial as arrays: for each degree the places of its monomials and their coefficients."""

    parts: tuple

    @classmethod
    def of(cls, terms):
        """Return the form of a sparse polynomial."""
        # By degree: monomials of one length make a rectangular array, and steps of training ask for the part of one
        # degree.
        degrees = sorted({len(monomial) for monomial in terms})
        return cls(tuple((degree, np.array([m for m in terms if len(m) == degree], dtype=np.int64).reshape(-1, degree),
                          np.array([float(terms[m]) for m in terms if len(m) == degree])) for degree in degrees))

    @property
    def degree(self):
        """The degree."""
        return max((degree for degree, *_ in self.parts), default=0)

    def value(self, state, degree=None):
        """Return the value at a state; with ``degree`` that of the part of this degree alone."""
        # From a zero of the state's own kind, so that an empty sum is a tensor on its device too.
        return sum((terms.sum() for *_, terms in self.pieces(state, degree)), start=state[0] * 0)

    def pieces(self, state, degree=None):
        """Return what is added up: triples of one, zero and the terms, of one degree if it is given."""
        out = []
        for power, places, coefficients in self.parts:
            if degree is None or degree == power:
                terms = like(state, coefficients)
                for column in places.T:
                    terms = terms * state[column]
                out.append((1, 0, terms))
        return out


class LawValues:
    r"""
    The laws of a result as functions of the parameters.

    - ``forms`` -- pairs (text, form), matrix expressions first, then the polynomials that are in none of them

    EXAMPLES::

        sage: import numpy
        sage: from sage_conslaw import conservation_laws, networks
        sage: from sage_conslaw.notation.evaluation import LawValues
        sage: laws = LawValues(conservation_laws(networks.relu([1, 1, 1]), seed=0))
        sage: laws.values(laws.state({"U1": [[2.0]], "U2": [[3.0]]}))
        {'U1^2 - U2^2': array([-5.])}

    ``of``::

        sage: r = conservation_laws(networks.linear([1, 1, 1]), seed=0)
        sage: LawValues.of(r) is LawValues.of(r)
        True

    ``state``::

        sage: laws = LawValues(conservation_laws(networks.linear([1, 1, 1]), seed=0))
        sage: laws.state({"U1": [[2]], "U2": [[3]]})
        array([2., 3.])
        sage: laws.state({"U1": [[2]]})
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: there is no array for the parameter U2 of shape (1, 1); given are U1

    ``values``::

        sage: laws = LawValues(conservation_laws(networks.linear([1, 2, 1]), seed=0))
        sage: float(laws.values(numpy.array([1.0, 2.0, 3.0, 5.0]))["U1^T U1 - U2 U2^T"][0r, 0r])
        -8.0
    """

    def __init__(self, result):
        self.problem = result.problem
        family = self.problem.family if self.problem is not None else None
        self.shapes = tuple(self.problem.shapes) if self.problem is not None else ()
        # A sequence, not a list: there may be 10^8 of them.
        self.names = family.names if family is not None else _names_of(result)
        self.dimension = len(self.names)
        # Expressions first: in a large network they are all that can be written.
        found = result.matrix_laws()
        expressions = [law for law in found if law.form is not None]
        if found and not expressions and not result.terms:
            raise NotCovered(
                f"the laws of this network are counted, not written: {found[0].text}; there is nothing to evaluate"
            )
        self.forms = [(law.text, law.form) for law in expressions]
        # How many laws each expression is.
        self.counts = {law.text: law.laws for law in expressions}
        for law, terms in rest_of(result, expressions):
            self.forms.append((str(law), PolynomialForm.of(terms)))
            self.counts[str(law)] = 1

    @classmethod
    def of(cls, result):
        """Return the laws of a result as functions, made once for each result."""
        # By identity: two results may be equal and have come from different modules.
        if id(result) not in _MADE:
            _MADE[id(result)] = cls(result)
            # An identity is free again when its object is gone: then the entry goes, too.
            weakref.finalize(result, _MADE.pop, id(result), None)
        return _MADE[id(result)]

    def state(self, source):
        r"""
        Return the parameters as one array: from a module of PyTorch, a mapping of names to arrays, or an array of all
        coordinates.
        """
        if hasattr(source, "named_parameters"):
            # Frozen parameters and buffers are there too, under their names; tied ones under each.
            source = {
                **dict(source.named_buffers(remove_duplicate=False)),
                **dict(source.named_parameters(remove_duplicate=False)),
            }
        if not hasattr(source, "keys"):
            return self._whole(source)
        if not self.shapes:
            return self._whole([self._entry(source, name) for name in self.names])
        size = sum(int(np.prod(shape, dtype=np.int64)) for _, shape in self.shapes)
        # A mapping of names has no velocities and no clock in it.
        if size != self.dimension:
            raise NotCovered(
                "the laws involve velocities or the time; give one array of all state coordinates, in "
                "the order of the family's names"
            )
        parts = [self._array(source, name, shape) for name, shape in self.shapes]
        if hasattr(parts[0], "detach"):
            import torch
            return torch.cat([part.detach().reshape(-1) for part in parts])
        return np.concatenate([np.asarray(part, dtype=np.float64).reshape(-1) for part in parts])

    def _whole(self, source):
        if not hasattr(source, "detach"):
            try:
                source = np.asarray(source, dtype=np.float64)
            except (TypeError, ValueError):
                raise InputTypeError(
                    f"{str(source)[:60]} is no module, no mapping of names to arrays and no array of numbers"
                ) from None
        source = source.reshape(-1)
        if len(source) != self.dimension:
            raise InputError(f"the array has {len(source)} entries; the state has {self.dimension} coordinates")
        return source

    def _entry(self, source, name):
        if name not in source:
            # An entry U_1_2 is found in an array U; indices begin with 1 in names.
            base, *index = re.split(r"_(?=\d)", name)
            array = np.asarray(source[base]) if index and base in source else np.zeros(())
            if 0 < array.ndim == len(index) and all(0 < int(i) <= n for i, n in zip(index, array.shape)):
                return float(array[tuple(int(i) - 1 for i in index)])
            raise InputError(f"there is no number for the coordinate {name}; give all of {', '.join(self.names[:8])}")
        return float(source[name])

    def _array(self, source, name, shape):
        if name not in source:
            given = ", ".join(map(str, list(source)[:6]))
            raise InputError(f"there is no array for the parameter {name} of shape {shape}; given are {given}")
        array = source[name] if hasattr(source[name], "shape") else np.asarray(source[name], dtype=np.float64)
        if tuple(array.shape) != tuple(shape):
            raise InputError(
                f"the array for the parameter {name} has the shape {tuple(array.shape)}; the laws are "
                f"for {tuple(shape)}"
            )
        return array

    def values(self, state, degree=None):
        """Return the value of every law, by its text; with ``degree`` those of the parts of this degree."""
        return {text: form.value(state, degree) for text, form in self.forms}


def _names_of(result):
    """Return the variables of laws that were read from a record, without a family."""
    return [str(name) for name in result.laws[0].parent().gens()] if result.laws else []


def rest_of(result, expressions):
    """Return the independent laws, with their terms, that are no functions of the expressions and of those before
    them."""
    # Entries of expressions come first: rows are chosen in order, so a polynomial that they make dependent is left out.
    entries = [entry for law in expressions for entry in law.entries]
    chosen = [result.terms[i] for i in result.independent]
    if sum(law.independent for law in expressions) >= len(chosen):
        return []
    dimension = 1 + max(i for terms in [*entries, *chosen] for monomial in terms for i in monomial)
    # Independence at one point is a proof; a law that seems dependent by chance is shown among the expressions only.
    point = modular.random_array(np.random.default_rng(result.seed), (dimension,), _PRIME)
    kept = independent_rows(jacobian([*entries, *chosen], dimension, point, _PRIME), _PRIME)
    return [
        (result.laws[result.independent[k - len(entries)]], chosen[k - len(entries)])
        for k in map(int, kept)
        if k >= len(entries)
    ]
