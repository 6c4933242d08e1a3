r"""
A system with quotients, roots, functions and relations, turned into a polynomial family on a variety.

Kepler's problem, `p_x' = -x/(x^2 + y^2)^{3/2}`: the root brings in the coordinate `u = (x^2 + y^2)^{-1/2}` with its
relation and its rule, then every component is polynomial.  Michaelis and Menten, `S' = -V S/(K + S)`: the field times
`K + S` has the same laws in another time.  A denominator that vanishes on the variety, or a relation that the flow
leaves, is refused.
"""

import re
from dataclasses import dataclass
from difflib import get_close_matches

from .._sage import FractionField, PolynomialRing, matrix
from ..exact import terms as sparse
from .on_variety import on_variety, prove_independence, prove_invariance
from .variety import Variety
from ..runtime.errors import InputError, NotCovered
from ..expressions.functions import FUNCTIONS, FunctionParser, Finer
from ..expressions.independence import exponential_relations, refuse_dependent_logarithms, roots_are_independent

# Each new reading has a finer unit for an angle, such as x/6 where x/2 and x/3 occur.
_RESTARTS = 50


@dataclass
class Written:
    """A system as it is written: names, fields as lists of text (``None`` for an equation that the relations give),
    and relations."""

    parameters: list
    variables: list
    fields: list
    what: list
    relations: list
    has_drift: bool


@dataclass
class Extended:
    """A polynomial system on a variety: what a family of vector fields is made of."""

    names: list
    drift: list | None
    controls: list
    constants: tuple
    variety: Variety | None
    meaning: dict
    denominators: tuple


def extended(written):
    """Return the polynomial system of a system as written, on its variety, proved invariant."""
    units = {}
    for _ in range(_RESTARTS):
        try:
            return _Extension(written, units).system()
        except Finer:
            continue
    raise NotCovered("the angles have no common unit; write them as multiples of one")


def is_conserved_as_written(text, family):
    r"""
    Decide exactly whether an expression with quotients, roots or functions is conserved; functions must be
    coordinates of the family.

    EXAMPLES::

        sage: from sage_conslaw import is_conserved, system
        sage: pendulum = system(["q", "p"], ["p", "-sin(q)"])
        sage: is_conserved("p^2/2 - cos(q)", pendulum), is_conserved("1/(p^2 - 2*cos(q))",
        ....:     pendulum), is_conserved("cos(q)", pendulum)
        (True, True, False)
        sage: is_conserved("exp(q)", pendulum)
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: h has the function exp(q), which is no coordinate of the system (sin(q), cos(q))
    """
    units = {}
    for _ in range(_RESTARTS):
        parser = FunctionParser(family.names, units)
        parser.still = set(family.constants)
        try:
            up, down = parser.reduced(parser.parse(text))
            ring = parser.ring()
            up, down = parser.without_inverses(
                FractionField(ring)(sparse.to_sage(up, ring)) / sparse.to_sage(down, ring)
            )
            break
        except Finer:
            continue
    of = {text: family.names.index(name) for name, text in family.meaning.items()}
    place = {}
    for index in {i for side in (up, down) for m in side for i in m}:
        name = parser.names[index]
        function = parser.meaning.get(name)
        if function is not None and function.text not in of:
            known = ", ".join(family.meaning.values()) or "it has none"
            raise InputError(f"h has the function {function.text}, which is no coordinate of the system ({known})")
        place[index] = index if function is None else of[function.text]
    up, down = _moved(up, place), _moved(down, place)
    if family.variety is not None and family.variety.contains(down):
        raise InputError("h has a denominator that vanishes on the states of the system")
    for field in family.sparse_fields():
        # d(up/down) = (up' down - up down') / down^2, and the denominator does not vanish.
        above, below = sparse.derivative_along(field, up), sparse.derivative_along(field, down)
        moved = sparse.add(sparse.multiply(above, down), sparse.scaled(sparse.multiply(below, up), -1))
        if moved and (family.variety is None or not family.variety.contains(moved)):
            return False
    return True


class _Extension:
    """One reading of a system: the parser with its coordinates, and the components as quotients."""

    def __init__(self, written, units):
        self.written = written
        known = [*written.parameters, *written.variables]
        extra = _undeclared(written.relations, known, [text for field in written.fields for text in field])
        self.variables = [*written.variables, *extra]
        self.parser = FunctionParser([*written.parameters, *self.variables], units)
        self.first = len(written.parameters)
        self.parser.still = set(range(self.first))
        self.relations = [self._relation(text) for text in written.relations]
        self.components = [self._field(what, texts) for what, texts in zip(written.what, written.fields)]

    # -- reading -----------------------------------------------------------------------------------------

    def _relation(self, text):
        try:
            return self.parser.reduced(self.parser.parse(str(text)))[0]
        except InputError as error:
            raise type(error)(f"relation {text!r}: {error}") from None

    def _field(self, what, texts):
        """Return the components by coordinate, as quotients; those without text are missing."""
        out = {}
        for number, (variable, text) in enumerate(zip(self.written.variables, texts), start=1):
            if text is None:
                continue
            try:
                out[self.first + number - 1] = self._value(self.parser.parse(str(text)))
            except InputError as error:
                raise type(error)(f"{what.removeprefix('the ')} {number} ({variable}'): {error}") from None
        return out

    def _value(self, pair):
        return self.parser.without_inverses(self._quotient(pair))

    def _quotient(self, pair):
        if not pair[1]:
            raise InputError("division by zero")
        ring = self.parser.ring()
        return FractionField(ring)(sparse.to_sage(pair[0], ring)) / sparse.to_sage(pair[1], ring)

    # -- completing ----------------------------------------------------------------------------------------

    def system(self):
        """Return the extended system: rules for all coordinates, one denominator a field, the variety, and the proof of
        invariance."""
        for components, what in zip(self.components, self.written.what):
            self._solve_for_missing(components, what)
        used = self._complete()
        names = [name for name in self.parser.names if name in used]
        place = {self.parser.names.index(name): i for i, name in enumerate(names)}
        fields, denominators = [], []
        for components in self.components:
            field, denominator = self._polynomial(components, names, place)
            fields.append(field)
            denominators.append(denominator)
        relations, forms, proofs = self._bindings(used, place)
        constants = range(self.first)
        # Relations of the user's are decomposed; those of roots alone are prime by Kummer's theorem, if their arguments
        # are.
        irreducible = not self.relations and roots_are_independent(self.parser, used)
        variety = Variety(names, constants, relations, forms, irreducible) if relations or forms else None
        if variety is not None:
            prove_independence(variety, proofs)
            fields = [on_variety(f, d, variety, w) for f, d, w in zip(fields, denominators, self.written.what)]
            prove_invariance(fields, variety, self.written.what)
        meaning = {name: f.text for name, f in self.parser.meaning.items() if name in used}
        drift, controls = (fields[0], fields[1:]) if self.written.has_drift else (None, fields)
        return Extended(names, drift, controls, tuple(constants), variety, meaning, tuple(denominators))

    def _solve_for_missing(self, components, what):
        """Add the equations that the relations determine, by differentiating them."""
        # A coordinate without an equation of its own, as in a differential-algebraic system.
        missing = [self.first + i for i in range(len(self.variables)) if self.first + i not in components]
        if not missing:
            return
        names = ", ".join(self.parser.names[i] for i in missing)
        if len(self.relations) < len(missing):
            raise InputError(f"{what} has no equation for {names}; give one a variable, or relations that determine it")
        ring = self.parser.ring()
        over = FractionField(ring)
        rows, right = [], []
        for relation in self.relations:
            parts = {i: sparse.to_sage(part, ring) for i, part in sparse.derivatives(relation).items()}
            if any(i >= self.parser.base for i in parts):
                raise NotCovered(
                    f"the relation that determines {names} has functions in it; give the equation of {names}"
                )
            rows.append([over(parts.get(i, ring.zero())) for i in missing])
            right.append(
                -sum(
                    (part * self._quotient(components[i]) for i, part in parts.items() if i in components), over.zero()
                )
            )
        table = matrix(over, rows)
        if table.rank() < len(missing):
            raise InputError(f"{what} has no equation for {names}, and the relations do not determine it; give one")
        # Consistent or not is not asked here: that the flow keeps all relations is proved below.
        chosen = table.pivot_rows()
        solution = table.matrix_from_rows(chosen).solve_right(matrix(over, len(chosen), 1, [right[i] for i in chosen]))
        for i, value in zip(missing, solution.column(0)):
            components[i] = self.parser.pair(value)

    def _complete(self):
        """Add the rules of all functions in use, which may bring in more; return the names in use."""
        parser, done = self.parser, set()
        # What is declared is a coordinate even if no right-hand side mentions it.
        used = set(parser.names[: parser.base])
        while True:
            mentioned = {
                parser.names[i]
                for components in self.components
                for pair in components.values()
                for side in pair
                for m in side
                for i in m
            }
            mentioned |= {parser.names[i] for relation in self.relations for m in relation for i in m}
            used |= mentioned
            # Sine and cosine come together; so do several roots with their reciprocals, as Groebner bases are small
            # with both.
            several = (
                sum(isinstance(name, tuple) and parser.meaning[name[0]].kind == "root" for name, _ in parser.relations)
                > 1
            )
            for name, _ in parser.relations:
                if isinstance(name, tuple) and used & set(name) and (several or parser.meaning[name[0]].kind != "root"):
                    used |= set(name)
            # What an argument mentions is in use too.
            for name in list(used):
                if name in parser.meaning:
                    used |= {
                        parser.names[i] for _, g in parser.meaning[name].rule for side in g for m in side for i in m
                    }
            waiting = [
                i for i, name in enumerate(parser.names) if name in used and name in parser.meaning and name not in done
            ]
            if not waiting:
                return used
            # One at a time, as its rule may bring in others.
            index = waiting[0]
            done.add(parser.names[index])
            for components in self.components:
                components[index] = self._rule(parser.meaning[parser.names[index]], components)

    def _rule(self, function, components):
        total, ring = None, self.parser.ring()
        for factor, argument in function.rule:
            g = self._quotient(argument)
            derivative = FractionField(ring).zero()
            for i, x in enumerate(ring.gens()):
                part = g.derivative(x) if i >= self.first else ring.zero()
                if part:
                    if i not in components:
                        components[i] = self._rule(self.parser.meaning[self.parser.names[i]], components)
                        ring = self.parser.ring()
                        # The rule may have brought in coordinates: what was written in the smaller ring is written
                        # anew.
                        return self._rule(function, components)
                    derivative += part * self._quotient(components[i])
            value = self._quotient(factor) * derivative
            total = value if total is None else total + value
        return self.parser.without_inverses(total)

    def _polynomial(self, components, names, place):
        """Return a field as sparse polynomials in the names in use, times its common denominator."""
        ring = PolynomialRing(self.parser.ring().base_ring(), names, len(names))
        pairs = {
            place[i]: tuple(sparse.to_sage(_moved(side, place), ring) for side in pair)
            for i, pair in components.items()
            if i in place
        }
        common = ring.one()
        for _, down in pairs.values():
            # A field times a polynomial has the same laws, in another time.
            common = common.lcm(down)
        field = [{} for _ in names]
        for i, (up, down) in pairs.items():
            field[i] = sparse.from_sage(ring(up * (common / down)))
        return field, common

    def _bindings(self, used, place):
        """Return relations, forms, and the arguments whose independence is to be proved, in the coordinates in use."""
        parser = self.parser
        relations = [_moved(r, place) for r in self.relations]
        relations += [
            _moved(r, place)
            for name, r in parser.relations
            if (set(name) if isinstance(name, tuple) else {name}) <= used
        ]
        toric, basis = exponential_relations(parser, used)
        relations += [_moved(r, place) for r in toric]
        refuse_dependent_logarithms(parser, used)
        forms, proofs = [], {"exp": [], "imaginary": [], "log": []}
        for index, name in enumerate(parser.names):
            function = parser.meaning.get(name)
            if name not in used or function is None or function.kind in ("root", "pair"):
                continue
            # A power product of others, to which the relations above bind it: a form would count it twice.
            if function.kind == "exp" and function.text.startswith("exp(") and name not in basis:
                continue
            forms.append(self._form(index, function, place))
            if function.argument is not None and function.kind in proofs:
                proofs[function.kind].append((function, [_moved(side, place) for side in function.argument]))
        return relations, forms, proofs

    def _form(self, index, function, place):
        """Return `dy - \\phi\\,dg` times its denominators, as sparse polynomials by coordinate."""
        ring = self.parser.ring()
        # The function y of g satisfies dy = phi dg; rules of several arguments have one such term each.
        total = {index: FractionField(ring).one()}
        for factor, argument in function.rule:
            g = self._quotient(argument)
            for i, x in enumerate(ring.gens()):
                if i >= self.first and g.derivative(x):
                    total[i] = total.get(i, FractionField(ring).zero()) - self._quotient(factor) * g.derivative(x)
        common = ring.one()
        for value in total.values():
            common = common.lcm(ring(value.denominator()))
        return {place[i]: _moved(sparse.from_sage(ring(value * common)), place) for i, value in total.items() if value}


def _moved(terms, place):
    return {tuple(sorted(place[i] for i in monomial)): value for monomial, value in terms.items()}


def _undeclared(relations, known, equations):
    """Return names in relations that are neither known nor functions: coordinates that the relations define, for the
    equations."""
    used, out = {name for text in equations for name in _names_in(text)}, []
    for text in relations:
        for name in _names_in(text):
            if name in known or name in FUNCTIONS or name in out:
                continue
            if name not in used:
                near = get_close_matches(name, known, 1, 0.5) or [n for n in known if n.lower() == name.lower()]
                raise InputError(
                    f"relation {str(text)!r}: {name} is no variable and no parameter, and no equation mentions it"
                    + (f"; did you mean {near[0]}?" if near else f"; known are {', '.join(known)}")
                )
            out.append(name)
    return out


def _names_in(text):
    return re.findall(r"(?<![\w.])[A-Za-z]\w*", str(text), re.ASCII)
