r"""
Families given by polynomials: `x' = F(x)`, control systems, and gradients of a given `\phi`.
"""
from ..exact import modular
from ..exact import terms as sparse
from ..expressions.polynomials import polynomials_of_one_ring
from .extension import extended
from .family import ControlAffineFamily
from ..runtime.errors import InputError, InputTypeError
from .written import as_written


class VectorFieldFamily(ControlAffineFamily):
    r"""
    A family of polynomial vector fields over Q.

    INPUT:

    - ``drift`` -- ``None`` or a list of `N` polynomials in a Sage ring with `N` variables over ZZ or QQ; or a
      dictionary from the variables of the ring to polynomials

    - ``controls`` -- list of such lists or dictionaries

    EXAMPLES::

        sage: from sage_conslaw import VectorFieldFamily, conservation_laws
        sage: R.<x, y, z> = QQ[]
        sage: conservation_laws(VectorFieldFamily(drift=[y*z, -x*z, 0]))
        2 independent laws of degree at most 2 in 3 coordinates, complete (proved)

    A dictionary is read by its variables::

        sage: VectorFieldFamily(drift={x: y*z, z: 0, y: -x*z}).drift == VectorFieldFamily(drift=[y*z, -x*z, 0]).drift
        True

    No field at all conserves every coordinate::

        sage: conservation_laws(VectorFieldFamily(drift=[R(0), R(0), R(0)])).number
        3

    Quotients, which change the time and no law, and relations::

        sage: conservation_laws(VectorFieldFamily(drift=[y/(1 + x), -x/(1 + x), 0]), degree=2).number
        2
        sage: conservation_laws(VectorFieldFamily(drift=[-y, x, 0], relations=[x^2 + y^2 - 1]), degree=1).laws
        (z,)

    Wrong number of components::

        sage: VectorFieldFamily(drift=[x, y])
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: the drift has 2 components; the ring has 3 variables (x, y, z)
    """

    def __init__(self, drift=None, controls=(), relations=()):
        drift = _in_order(drift)
        if isinstance(controls, dict) or isinstance(controls, (str, bytes)) or not hasattr(controls, "__iter__"):
            raise InputTypeError(
                f"controls are a list of vector fields, not {type(controls).__name__}; give controls=[[...], ...]"
            )
        controls = [_in_order(field) for field in controls]
        for field in [*([] if drift is None else [drift]), *controls]:
            if isinstance(field, (str, bytes)) or not hasattr(field, "__iter__"):
                raise InputTypeError(f"a vector field is a list of polynomials, one a variable, not {field!r}")
            if any(isinstance(f, str) for f in field):
                raise InputTypeError(
                    "a vector field of strings does not say the order of the variables; give polynomials of a Sage ring"
                )
        controls, relations = [list(field) for field in controls], list(relations)
        drift = None if drift is None else list(drift)
        fields = ([] if drift is None else [drift]) + controls
        if not fields:
            raise InputError("a family needs a drift or at least one control field")
        # Quotients, roots and relations are read as text, by the reader that systems have.
        written = as_written(drift, controls, relations)
        if written is not None:
            self._extend(extended(written))
            return
        ring, flat = polynomials_of_one_ring([f for field in fields for f in field], "vector fields")
        for number, field in enumerate(fields):
            if len(field) != ring.ngens():
                what = "the drift" if drift is not None and number == 0 else f"control field {number + (drift is None)}"
                raise InputError(f"{what} has {len(field)} components; the ring has {ring.ngens()} variables "
                                 f"({', '.join(map(str, ring.gens()))})")
        n = ring.ngens()
        pieces = [[sparse.from_sage(f) for f in flat[i:i + n]] for i in range(0, len(flat), n)]
        self._setup(list(map(str, ring.gens())), pieces[0] if drift is not None else None,
                    pieces[1:] if drift is not None else pieces)
        # Laws are given back in the ring in which the fields came, if it has the same variables.
        self.user_ring = next((f.parent() for field in fields for f in field if hasattr(f, "parent")
                               and getattr(f.parent(), "variable_names", tuple)() == ring.variable_names()), None)

    @classmethod
    def from_terms(cls, names, drift, controls):
        """Return the family with sparse polynomials as components."""
        self = cls.__new__(cls)
        self._setup(list(names), drift, controls)
        return self

    @classmethod
    def from_written(cls, written):
        """Return the family of a system with quotients, roots, functions or relations as it is written."""
        self = cls.__new__(cls)
        self._extend(extended(written))
        return self

    def _extend(self, system):
        """Take over the coordinates and fields of an extended system."""
        self._setup(system.names, system.drift, system.controls)
        self.constants, self.variety = system.constants, system.variety
        self.meaning, self.denominators = system.meaning, system.denominators

    def _setup(self, names, drift, controls):
        self.names, self.drift = names, drift
        # A control that is zero spans nothing; a drift that is zero stays: the family has one.
        self.controls = [field for field in controls if any(field)]
        self.has_controls = bool(self.controls)
        self._map = sparse.PolynomialMap([f for field in self.controls for f in field], len(names))
        drift_degree = max(map(sparse.degree, drift), default=0) if drift else 0
        # Counted once for each coefficient: too many bits make the error bound too large, never too small.
        denominators = sum(value.denominator.bit_length() for field in self.controls + ([drift] if drift else [])
                           for f in field for value in f.values() if value.denominator > 1)
        self.height_bits = denominators + sparse.coefficient_bits(
            [f for field in self.controls for f in field] + (drift or [])
        )
        self.field_degree = 1 + max(self._map.degree, drift_degree)

    def __repr__(self):
        parts = [] if self.drift is None else ["a drift"]
        if self.controls:
            parts.append(f"{len(self.controls)} control field{'s' if len(self.controls) > 1 else ''}")
        return f"Family of vector fields with {' and '.join(parts) or 'no fields'} in {', '.join(self.names)}"

    def draw(self, generator, p, batch):
        # A draw is a combination of all controls: it is generic in their span.
        return modular.random_array(generator, (batch, self.data_size), p)

    @property
    def data_size(self):
        return len(self.controls)

    def data_from_numbers(self, p, rows):
        return rows if p is None else modular.residues(rows, (len(rows), self.data_size), p)

    def control(self, A, z, data):
        shape = (len(self.controls), self.dimension)
        # All controls in one map: they share monomials, which are evaluated once.
        fields = A.reshape(self._map(A, z), (shape[0] * shape[1],), shape)
        return A.contract("k,kn->n", A.embed(data), fields)

    def polynomial_fields(self):
        ring = self.ring()
        fields = ([self.drift] if self.drift and any(self.drift) else []) + self.controls
        return [[sparse.to_sage(f, ring) for f in field] for field in fields]

    def conserved(self, laws):
        """Decide exactly for each sparse polynomial whether it is a law; with relations, modulo their ideal over
        Q(k)."""
        if self.variety is None:
            return super().conserved(laws)
        fields = ([self.drift] if self.drift is not None else []) + self.controls
        # h is kept on the variety iff its derivatives lie in the prime ideal, whose normal forms decide it.
        return [all(self.variety.contains(sparse.derivative_along(field, law)) for field in fields) for law in laws]

    def weight_relations(self, lattice):
        state = lattice.unknowns(self.dimension)
        for field in self.controls + ([self.drift] if self.drift else []):
            lattice.homogeneous_field(field, state)
        # The ideal is to be homogeneous too, so that normal forms keep the weight.
        for relation in self.variety.relations if self.variety is not None else ():
            constant = lattice.unknowns(1)[0]
            for monomial in relation:
                lattice.relation({constant: -1}, *({state[i]: 1} for i in monomial))
        return state

    def _controls_annihilate(self, ring, gradient):
        for field in self.controls:
            total = ring.zero()
            for variable, part in gradient.items():
                if field[variable]:
                    total += part * ring.from_terms(field[variable])
            if total:
                return False
        return True


def _in_order(field):
    """Return the components of a field in the order of the ring's variables, where a dictionary gives them by
    variable."""
    if not isinstance(field, dict):
        return field
    parents = [f.parent() for f in (*field, *field.values()) if hasattr(f, "parent") and hasattr(f.parent(), "gens")]
    # One entry for each variable, so that nothing is taken for zero by accident.
    rings = [parent for parent in parents if len(parent.gens()) == len(field)]
    if not rings:
        raise InputTypeError(
            "a vector field as a dictionary goes from the variables of a Sage ring, one entry for each, to polynomials"
        )
    by_name = {str(variable): f for variable, f in field.items()}
    names = [str(g) for g in rings[0].gens()]
    if sorted(by_name) != sorted(names):
        raise InputError(
            f"a vector field has the keys {', '.join(sorted(by_name))}; give one entry for each of {', '.join(names)}"
        )
    return [by_name[name] for name in names]
