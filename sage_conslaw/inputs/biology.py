r"""
Reaction networks in SBML and Antimony, the files in which systems biology keeps its models, as systems of equations.

A reaction `A \to B` of rate `v`, an amount by time, takes `v` from the amount of `A` and gives it to that of `B`.  A
species stands for its concentration, amount by volume, so `A' = -v/V`, and for compartments of different volumes the
law is `V_1 A + V_2 B`.  Constants stay indeterminate: laws are found over `Q(k)` and hold for all their values.

    sage: import tempfile
    sage: from sage_conslaw import conservation_laws, read_system
    sage: model = "E + S -> ES; k1*E*S - k2*ES; ES -> E + P; k3*ES; k1 = 1; k2 = 2; k3 = 0.5; E = 1; S = 5"
    sage: with tempfile.NamedTemporaryFile("w", suffix=".ant") as f:  # optional - antimony
    ....:     _ = f.write(model); f.flush()
    ....:     conservation_laws(read_system(f.name), degree=1, seed=0).laws
    (E + ES, S + ES + P)
"""
import re

from ..runtime.errors import InputError, NotCovered, shortened
from .formulas import ATOM, POWER, PRODUCT, Formulas, exact, wrapped

# Packages that change what the equations are; others (layout, render, groups) only show a model.
_HARMLESS = ("layout", "render", "groups", "annot", "req", "l3v2extendedmath")


def is_antimony(text):
    r"""Say whether a text has what only Antimony has: a reaction, a model, an assignment rule or a declaration."""
    # A comment may speak of arrows and models: S' = -S  # S -> P is a line.
    bare = re.sub(r"(#|//).*", "", text)
    return bool(re.search(r"->|=>|:=|(^|[;\n])\s*\*?(model|module|species|compartment|const|var)\s", bare))


def antimony_record(text, name):
    r"""Return a system as a record, from a model in Antimony."""
    try:
        import antimony
    except ImportError:
        raise InputError(
            f"{name} is an Antimony file, which the package antimony reads; pip install sage_conslaw[biology]"
        ) from None
    # libantimony would open the file, wherever it is.
    if re.search(r"(^|[;\n])\s*import\s*[\"']", text):
        raise NotCovered(f"{name} imports another file; give one file with the whole model")
    # The library keeps what it has loaded, also from a call that failed, and answers with the last model.
    antimony.clearPreviousLoads()
    try:
        if antimony.loadAntimonyString(text) < 0:
            raise InputError(f"{name} is not Antimony: {shortened(' '.join(antimony.getLastError().split()), 200)}")
        return sbml_record(antimony.getSBMLString(antimony.getMainModuleName()), name)
    finally:
        antimony.clearPreviousLoads()


def sbml_record(text, name):
    r"""Return a system as a record (variables, parameters, drift as text), from a model in SBML."""
    try:
        import libsbml
    except ImportError:
        raise InputError(
            f"{name} is an SBML file, which the package python-libsbml reads; pip install sage_conslaw[biology]"
        ) from None
    # Entities that refer to each other fill the memory before a parser notices.
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise InputError(f"{name} declares entities; SBML files have none")
    document = libsbml.readSBMLFromString(text)
    for i in range(document.getNumErrors()):
        error = document.getError(i)
        # Warnings are about units and style; equations are read without.
        if error.getSeverity() >= libsbml.LIBSBML_SEV_ERROR:
            why = shortened(" ".join(error.getMessage().split()), 160)
            raise InputError(f"{name} is not SBML that can be read: line {error.getLine()}: {why}")
    if document.getModel() is None:
        raise InputError(f"{name} has no SBML model in it")
    for i in range(document.getNumPlugins()):
        package = document.getPlugin(i).getPackageName()
        if package not in _HARMLESS and document.getPackageRequired(package):
            raise NotCovered(f"{name} uses the package {package} of SBML, which is not covered; give a flat core model")
    return _Model(libsbml, document.getModel(), name).record()


def _listed(model, what):
    """Return the elements of a list of the model, e.g. all ``Species``."""
    number = getattr(model, f"getNum{what if what == 'Species' else what + 's'}")()
    return [getattr(model, f"get{what}")(i) for i in range(number)]


class _Model:
    """One model: what its symbols stand for, and which of them move."""

    def __init__(self, libsbml, model, name):
        self.libsbml, self.model, self.file = libsbml, model, name
        self.reactions = _listed(model, "Reaction")
        self._refuse()
        self.species = {s.getId(): s for s in _listed(model, "Species")}
        self.compartments = {c.getId(): c for c in _listed(model, "Compartment")}
        self.parameters = {p.getId(): p for p in _listed(model, "Parameter")}
        rules = _listed(model, "Rule")
        self.assigned = {r.getVariable(): r.getMath() for r in rules if r.isAssignment()}
        self.rates = {r.getVariable(): r.getMath() for r in rules if r.isRate()}
        self.initial = {a.getSymbol(): a.getMath() for a in _listed(model, "InitialAssignment")}
        self.functions = {f.getId(): f for f in _listed(model, "FunctionDefinition")}
        self.local = {}
        self._names, self._texts, self._open, self._valued = {}, {}, set(), set()
        self.formulas = Formulas(libsbml, self.functions, self._meaning, self._value)
        # Species first, in the order of the file: laws are written in this order.
        self.moving = [s for s in self.species if self._moves(s)]
        self.moving += [name for name in self.rates if name not in self.species]

    # -- what is refused -------------------------------------------------------------------------------------

    def _refuse(self):
        events, rules = _listed(self.model, "Event"), _listed(self.model, "Rule")
        if events:
            which = events[0].getIdAttribute() or events[0].getName() or "1"
            raise NotCovered(f"the model has the event {shortened(which)}; a system with jumps is not covered: remove "
                             "the events, the laws are then those between them")
        for rule in rules:
            if rule.isAlgebraic():
                raise NotCovered("the model has an algebraic rule, which is not covered; solve it, or give the system "
                                 "as lines with a relation 0 = ...")
            if rule.getMath() is None:
                raise InputError(f"the rule for {shortened(rule.getVariable())} has no formula")
        # An equilibrium replaces two fluxes by a relation: other equations, other laws.
        for reaction in self.reactions:
            if reaction.isSetFast() and reaction.getFast():
                raise NotCovered(f"reaction {shortened(reaction.getId())} is fast: an equilibrium that is assumed is "
                                 "not covered")
            law = reaction.getKineticLaw()
            if law is None or law.getMath() is None:
                raise InputError(f"reaction {shortened(reaction.getId())} has no rate")

    def _moves(self, name):
        """Say whether a species is a variable: not a constant, not given by a rule, and free to change."""
        species = self.species[name]
        if name in self.assigned or species.getConstant():
            return False
        return name in self.rates or not species.getBoundaryCondition()

    # -- names ------------------------------------------------------------------------------------------------

    def _own(self, name):
        """Return the name of a symbol in the system: as in the file, unless it begins with an underscore."""
        if name not in self._names:
            base = name if not name.startswith("_") else "s" + name
            everything = {*self.species, *self.compartments, *self.parameters, *self._names.values()}
            # Names in the file stay; only one that had to be changed can meet another.
            while base != name and base in everything:
                base += "_"
            self._names[name] = base
        return self._names[name]

    def _meaning(self, name, where):
        """Return the text that a symbol stands for, and how close its outermost operator binds."""
        if name in self._texts:
            return self._texts[name]
        # A rule that is put into itself would be unfolded for ever.
        if name in self._open:
            raise InputError(f"the rule for {shortened(name)} goes round in a circle")
        tree = self.assigned.get(name)
        if tree is None and name in self.initial and self._of_constants(name):
            tree = self.initial[name]
        if tree is not None:
            self._open.add(name)
            outer, self.formulas.where = self.formulas.where, f"the rule for {shortened(name)}"
            text = self.formulas.text(tree)
            self.formulas.where = outer
            self._open.discard(name)
        # An exponent has to be a number, and then it is one everywhere: k beside x^k is the same k.
        elif name in self._valued or self._unit(name):
            value = self._number(name)
            text = (f"({value})", ATOM)
        elif name in self.local or name in self.species or name in self.compartments or name in self.parameters:
            text = (self._own(name), ATOM)
        else:
            what = "the rate of a reaction" if any(r.getId() == name for r in self.reactions) else "unknown"
            raise NotCovered(f"{where} has the name {shortened(name)}, which is {what}; known are species, "
                             "compartments and parameters")
        self._texts[name] = text
        return text

    def _of_constants(self, name):
        """Say whether the initial assignment of a constant binds it to other constants."""
        if name in self.rates or name in self.species or not self._constants_in(self.initial[name]):
            return False
        return all(other in self.parameters and other not in self.rates and other not in self.assigned
                   for other in self._constants_in(self.initial[name]))

    def _constants_in(self, tree):
        names, stack = set(), [tree]
        while stack:
            node = stack.pop()
            if node.isName():
                names.add(node.getName())
            stack += [node.getChild(i) for i in range(node.getNumChildren())]
        return names

    def _unit(self, name):
        """Say whether a symbol is a compartment of constant size 1, which would only lengthen the formulas."""
        compartment = self.compartments.get(name)
        return compartment is not None and name not in self.rates and compartment.isSetSize() \
            and compartment.getSize() == 1 and name not in self.initial

    def _number(self, name):
        """Return the value that the file gives to a constant, or None."""
        if name in self.rates or name in self.assigned or name in self.initial:
            return None
        if name in self.local:
            element = self.local[name]
        elif name in self.parameters:
            element = self.parameters[name]
        else:
            compartment = self.compartments.get(name)
            return exact(compartment.getSize()) if compartment is not None and compartment.isSetSize() else None
        return exact(element.getValue()) if element.isSetValue() else None

    def _value(self, name):
        """Return the value of a constant that stands in an exponent; it is a number from then on."""
        value = self._number(name)
        if value is not None and name not in self._valued:
            self._valued.add(name)
            self._stale = True
        return value

    # -- equations ------------------------------------------------------------------------------------------------

    def record(self):
        """Return the record of the system."""
        if not self.moving:
            raise InputError(f"{self.file} has no species or variable that changes: every one is constant, on the "
                             "boundary, or given by a rule")
        while True:
            # A constant that turns out to be an exponent is a number everywhere: then all is written again.
            self._stale, self._texts = False, {}
            changes = self._changes()
            drift = {self._own(name): self._equation(name, changes) for name in self.moving}
            if not self._stale:
                break
        variables = [self._own(name) for name in self.moving]
        known = [name for name in (*self.compartments, *self.species, *self.parameters, *self.local)
                 if name not in self.moving and self._texts.get(name) == (self._own(name), ATOM)]
        return {"variables": variables, "parameters": [self._own(name) for name in known], "drift": drift}

    def _changes(self):
        """Return, by species, the terms that reactions add to its amount: pairs (factor as text, trees of the rate)."""
        changes = {name: [] for name in self.moving}
        for reaction in self.reactions:
            law, own = reaction.getKineticLaw(), {}
            for parameter in [law.getParameter(i) for i in range(law.getNumParameters())]:
                name = f"{reaction.getId().lstrip('_')}_{parameter.getId()}"
                # Local parameters of two reactions may share a name and are different numbers.
                while name in self.species or name in self.parameters or name in self.compartments:
                    name += "_"
                self.local[name], own[parameter.getId()] = parameter, name
            for sign, references in ((-1, reaction.getListOfReactants()), (1, reaction.getListOfProducts())):
                for reference in references:
                    name = reference.getSpecies()
                    if name not in self.species:
                        raise InputError(f"reaction {shortened(reaction.getId())} has the unknown species "
                                         f"{shortened(name)}")
                    # What a rate rule moves is moved by nothing else, and what is on the boundary is held from outside.
                    if name in self.moving and name not in self.rates:
                        changes[name].append((sign, self._stoichiometry(reference, reaction), law.getMath(), own,
                                              reaction.getId()))
        return changes

    def _stoichiometry(self, reference, reaction):
        """Return how many of a species take part, as text with its strength."""
        name = reference.getId()
        tree = self.assigned.get(name) or self.initial.get(name) if name else None
        self.formulas.where = f"the stoichiometry of {reference.getSpecies()} in reaction {shortened(reaction.getId())}"
        if reference.isSetStoichiometryMath():
            tree = reference.getStoichiometryMath().getMath()
        if name in self.rates:
            raise NotCovered(f"{self.formulas.where} has a rate rule, which is not covered")
        if tree is not None:
            return self.formulas.text(tree)
        if self.model.getLevel() > 2 and not reference.isSetStoichiometry():
            raise InputError(f"{self.formulas.where} is not given")
        value = exact(reference.getStoichiometry())
        # Level 1 writes 1/2 as stoichiometry 1 and denominator 2.
        if self.model.getLevel() == 1:
            value /= reference.getDenominator()
        return (str(value), ATOM if value.denominator == 1 and value >= 0 else PRODUCT)

    def _equation(self, name, changes):
        """Return the derivative of a variable as text."""
        if name in self.rates:
            self.formulas.where = f"the rate rule for {shortened(name)}"
            return self.formulas.text(self.rates[name])[0]
        species = self.species[name]
        volume = self._volume(species)
        # A rate per volume is most often written as volume times a rate of concentrations: the two cancel.
        parts = [self._term(*change, volume, self._conversion(species)) for change in changes[name]]
        # (A/V)' = A'/V - (A/V) V'/V: what the reactions give is the first term.
        if volume in self.rates:
            self.formulas.where = f"the rate rule for {shortened(volume)}"
            rate = wrapped(*self.formulas.text(self.rates[volume]), POWER)
            parts.append(f"-{self._own(name)}*{rate}/{self._own(volume)}")
        return " + ".join(part if not part.startswith("-") else f"({part})" for part in parts) or "0"

    def _term(self, sign, stoichiometry, tree, own, reaction, volume, conversion):
        self.formulas.where = f"reaction {shortened(reaction)}"
        factors = self.formulas.factors(tree)
        if volume is not None:
            cancels = [i for i, f in enumerate(factors) if f.isName() and f.getName() == volume and volume not in own]
            if cancels:
                factors, volume = factors[:cancels[0]] + factors[cancels[0] + 1:], None
        texts = [wrapped(*self.formulas.text(factor, own), POWER) for factor in factors] or ["1"]
        if conversion is not None:
            texts.append(wrapped(*self._meaning(conversion, self.formulas.where), POWER))
        if stoichiometry != ("1", ATOM):
            texts.insert(0, wrapped(*stoichiometry, POWER))
        text = "*".join(texts) + (f"/{wrapped(*self._meaning(volume, self.formulas.where), ATOM)}" if volume else "")
        return text if sign > 0 else f"-{text}"

    def _volume(self, species):
        """Return the compartment whose size divides the amount, or None for a species that stands for its amount."""
        name = species.getCompartment()
        compartment = self.compartments.get(name)
        if compartment is None or species.getHasOnlySubstanceUnits() or self._unit(name):
            return None
        # A point has no size: the species is an amount there.
        if compartment.isSetSpatialDimensions() and compartment.getSpatialDimensionsAsDouble() == 0:
            return None
        if name in self.assigned:
            raise NotCovered(f"the size of compartment {shortened(name)} is given by a rule; a volume that changes "
                             "needs a rate rule")
        return name

    def _conversion(self, species):
        if species.isSetConversionFactor():
            return species.getConversionFactor()
        return self.model.getConversionFactor() if self.model.isSetConversionFactor() else None
