r"""
The number of laws as a formula in the widths.

EXAMPLES::

    sage: from sage_conslaw.width.formula import Formula
    sage: number = Formula({(64r, 64r, 12r): 1/2, (64r, 12r): 1/2, (768r,): 2}, {64r: 3r}, 26496r)
    sage: number.expression({64r: "k", 12r: "h", 768r: "D"})
    1/2*h*k^2 + 1/2*h*k + 2*D
    sage: number.where({64r: "k"})
    ('k >= 3',)
"""
import math
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction

from .._sage import symbolic_ring
from ..graph.rearrangements import Windows
from .families import flat

# Names of the sizes of the architectures of the catalog that are no list of layers.
_NAMES = {
    "attention": ("dim", "head_dim"),
    "transformer_block": ("dim", "hidden"),
    "gated": ("d", "h", "p"),
    "mixture": ("d", "h", "experts", "p"),
    "normalised": ("p", "q", "m"),
}


@dataclass(frozen=True)
class Formula:
    r"""
    A polynomial in sizes of classes.

    - ``terms`` -- dictionary from tuples of sizes (with repetitions) to coefficients

    - ``least`` -- for sizes of classes that grew, from which size on the formula is proved; ``value`` -- the number at
      the sizes given; ``fixed`` -- sizes of classes that did not grow, for which alone it is proved

    - ``tacit`` -- sizes of data alone that did not grow, and one: it is proved for these alone too, and the condition
      is written where such a size has a name, or is that of a class that grew
    """

    terms: dict
    least: dict
    value: int
    # Triples (size, sizes, number): one that is at least the sum of others and a number; and names of biases that were
    # tried at these widths alone.
    sums: tuple = ()
    offsets: tuple = ()
    fixed: tuple = ()
    # Triples (coefficients of sizes, number, whether the sum is this number or at least).
    ranges: tuple = ()
    # Sizes that are also how many equal segments there are (experts); one without a name is a number.
    segments: tuple = ()
    tacit: tuple = ()

    def expression(self, names=None):
        r"""
        Return the formula as a Sage expression in the given names of sizes, a dictionary
        ``{size: name or expression}``.
        """
        SR = symbolic_ring()
        names = names or {}
        total = SR(0)
        for monomial, value in self.terms.items():
            value = Fraction(str(value))
            term = SR(value.numerator) / SR(value.denominator)
            for size in monomial:
                name = names.get(size, SR(size) if size in self.segments else f"n{size}")
                term = term * (SR.var(name) if isinstance(name, str) else name)
            total = total + term
        return total.expand()

    def sizes(self):
        """Return all sizes of which the formula or its conditions speak."""
        several = [*self.terms, self.least, self.fixed, self.segments, self.tacit]
        several += [dict(form) for form, _, _ in self.ranges]
        return set().union(*several, *((size, *others) for size, others, _ in self.sums))

    def where(self, names=None):
        r"""
        Return from which sizes on the formula is proved, as inequalities, and at which alone, as equations; conditions
        on sizes that are named by their numbers are left out.
        """
        names = names or {}

        def name(size):
            return str(names.get(size, f"n{size}"))
        plain = {size for size, name in names.items() if str(name) == str(size)} | {1} - set(names)
        tacit = [size for size in self.tacit if size in names or size in self.least]
        tacit += [size for size in self.segments if size not in names]
        fixed = {*self.fixed, *tacit}
        forms = [(((size, 1),), size, True) for size in self.fixed]
        forms += [(((size, 1),), least, False) for size, least in sorted(self.least.items()) if size not in fixed]
        forms += [(((size, 1),), size, True) for size in tacit]
        forms += self.ranges
        for size, others, free in self.sums:
            forms.append((((size, 1), *((other, -1) for other in others)), free, False))
        out = []
        for form, number, exact in dict.fromkeys(forms):
            # Beside other sizes one is a number: that it is one is said by itself.
            known = sum(a * n for n, a in form if n in plain or n == 1 < len(form))
            form = [(n, a) for n, a in form if not (n in plain or n == 1 < len(form))]
            if form:
                out.append(_condition(form, number - known, exact, name))
        out += [f"{name(size)} equal segments" for size in self.segments if size in names and size not in plain]
        if self.offsets:
            out.append(f"the biases {', '.join(dict.fromkeys(self.offsets))} tried at these widths")
        return tuple(out)


def _condition(form, number, exact, name):
    """Return a condition on a linear form in sizes as text."""
    def side(sign, rest):
        here = [(name(n) if abs(a) == 1 else f"{abs(a)}*{name(n)}") for n, a in form if a * sign > 0]
        return " + ".join([*here, *([str(rest)] if rest > 0 or not here else [])])
    return f"{side(1, max(0, -number))} {'=' if exact else '>='} {side(-1, max(0, number))}"


def formula_of(width):
    """Return the formula of a network whose segments are all proved, else ``None``."""
    if not all(segment.found.proved for segment in width.segments):
        return None
    total = _Total(width)
    unused = [leaf.name for leaf in width.response.leaves if leaf not in set(width.axes.response.leaves)]
    number = total.add_unmoved(unused) + sum(segment.found.laws for segment in width.segments)
    kinds, done = Counter(_kind(segment, total.shapes) for segment in width.segments), set()
    grown = {segment.axes.sizes[c] for segment in width.segments for c in segment.found.least if segment.axes}
    # As many equal segments as a size says (experts): the first one stands for all of them.  Without a size that grew
    # the number of segments is no letter, and they are added one by one.
    alike = {number for number in kinds.values() if number > 1} & grown
    for segment in width.segments:
        kind = _kind(segment, total.shapes)
        times = (kinds[kind],) if kinds[kind] in alike else ()
        if kind in done:
            continue
        if times:
            done.add(kind)
        if not total.add_segment(segment, times):
            return None
    # A formula that does not give the number here is wrong: segments may be equal in more than their kind says.
    return total.formula(alike) if total.here() == number else None


class _Total:
    """A sum of terms in sizes, and the conditions under which it is the number of laws, segment by segment."""

    def __init__(self, width):
        self.origins, self.shapes = width.origins, {leaf.name: leaf.shape for leaf in width.response.leaves}
        self.windows = any(isinstance(node, Windows) for root, _ in width.given.pairings for node in root.ancestors())
        self.terms, self.least, self.fixed, self.tacit = Counter(), {}, set(), {1}
        self.sums, self.offsets, self.ranges = [], [], []

    def add(self, monomial, value):
        # A class of one value may be any of them: a size of one is a number.
        self.terms[tuple(sorted(size for size in monomial if size != 1))] += value

    def holds_from(self, size, least):
        self.least[size] = max(self.least.get(size, 0), least)

    def here(self):
        """Return the number at the sizes given."""
        return sum(value * math.prod(sizes) for sizes, value in self.terms.items())

    def add_unmoved(self, names, times=()):
        """Add the entries of parameters that no field moves, each of which is a law, and return how many these are."""
        for name in names:
            if self.windows or self.origins[name][0] != name:
                # A part of a parameter, or of a kernel: how much of it is moved depends on its sizes.
                self.fixed.update(size for size in self.shapes[name] if size > 1)
            for size in self.shapes[name]:
                self.holds_from(size, 2)
            self.add((*times, *self.shapes[name]), Fraction(1))
        return sum(math.prod(self.shapes[name]) for name in names)

    def add_segment(self, segment, times):
        """Add the laws of a segment, as often as a size says; return whether they are known as a formula."""
        found, counted = segment.found, self.add_unmoved(_unmoved(segment), times)
        if segment.axes is None:
            return True
        of = segment.axes.sizes
        on_leaves = {c for leaf in segment.axes.leaves for c in flat(segment.axes, leaf)}
        self.tacit |= {n for c, n in enumerate(of) if c not in on_leaves and c not in found.least}
        if found.formula is not None:
            for sizes, value in found.formula[0].items():
                self.add((*times, *sizes), value)
            self.ranges += found.formula[1]
            return True
        for family in found.families:
            counted += family.number(list(of))
            self.add_family(family, [*times, *(of[c] for c in family.classes)], times, of)
        if found.laws != counted and found.least:
            # A number that no family has, and that may grow.
            return False
        self.add(times, Fraction(found.laws - counted))
        self.sums += [(of[c], tuple(of[d] for d in others), free) for c, others, free in found.sums]
        self.offsets += found.offsets
        for c, n in found.least.items():
            self.holds_from(of[c], n)
        self.fixed |= {of[c] for c in _still(segment)} - {1}
        return True

    def add_family(self, family, sizes, times, of):
        self.add(times, Fraction(-family.less))
        if family.kind != "full":
            self.add(sizes, Fraction(1))
            return
        # Symmetric matrices: `n (n + 1) / 2`.
        self.add([*sizes, of[family.classes[0]]], Fraction(1, 2))
        self.add(sizes, Fraction(1, 2))

    def formula(self, alike):
        return Formula({key: value for key, value in self.terms.items() if value},
                       {size: n for size, n in self.least.items() if size > 1}, int(self.here()), tuple(self.sums),
                       tuple(self.offsets), tuple(sorted(self.fixed)), tuple(self.ranges), tuple(sorted(alike)),
                       tuple(sorted(self.tacit)))


def _kind(segment, shapes):
    """Return what equal segments have in common: what is proved of them, and the shapes of their parameters."""
    moved = tuple(leaf.shape for leaf in segment.axes.leaves) if segment.axes else segment.names
    return moved, tuple(shapes[name] for name in _unmoved(segment)), repr(segment.found)


def _unmoved(segment):
    """Return the names of a segment's parameters that no field moves."""
    moved = {leaf.name for leaf in segment.axes.leaves} if segment.axes else ()
    return [name for name in segment.names if name not in moved]


def _still(segment):
    """Return the classes of a segment's parameters that did not grow from a small network."""
    unseen = {leaf for family in segment.found.families if family.kind == "entries" for leaf, _, _ in family.parts}
    seen = {c for i, leaf in enumerate(segment.axes.leaves) if i not in unseen for c in flat(segment.axes, leaf)}
    return seen - set(segment.found.least)


def names_of(architecture, sizes, options):
    r"""
    Return names for the sizes of a network of the catalog; a number that would have two names has none, but one, which
    no formula has, has all of them.
    """
    pairs = (
        [(f"n{i}", n) for i, n in enumerate(sizes)]
        if architecture not in _NAMES
        else list(zip(_NAMES[architecture], sizes))
    )
    pairs += [(name, value) for name, value in options if isinstance(value, int) and not isinstance(value, bool)]
    given = dict(pairs)
    if architecture == "transformer_block" and given.get("heads"):
        pairs.append(("head_dim", given["dim"] // given["heads"]))
    out = {}
    for name, value in pairs:
        # Two widths of one size cannot be told apart in a formula, which knows sizes alone.
        out.setdefault(int(value), []).append(name)
    return {value: " = ".join(names) for value, names in out.items() if len(names) == 1 or value == 1}
