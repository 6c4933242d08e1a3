r"""
Matrix notation: which of the laws found are the entries of one matrix expression.

Candidates are sums over axes, squared norms and Gram matrices of the parameters, as `U^T U`, and for second-order flows
the skew matrices `U^T U' - U'^T U`.  Each is reduced modulo the laws found, over Q; the combinations that reduce to
zero for every index are the expressions, so nothing is guessed.
"""
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from ..exact import modular
from ..exact.linear_algebra import independent_rows
from ..laws.basis import eliminate, echelon, readable_basis
from .combinations import combination
from .expressions import Entries, divisors
from .forms import Form
from .readable import clock_text
from ..laws.independence import jacobian

# For the count of independent entries, a lower bound. That an entry is a law is decided over Q.
_PRIME = (1 << 61) - 1

# Off-diagonal entries are tried for matrices up to this size: 2016 pairs for width 64, half a second.
MAX_MATRIX = 128


@dataclass(frozen=True)
class MatrixLaw:
    r"""
    A matrix expression all of whose entries are conserved.

    - ``text``, ``latex`` -- the expression; ``shape`` -- which entries, in words

    - ``laws`` -- how many entries that is; ``independent`` -- how many independent laws they add to those before

    EXAMPLES::

        sage: from sage_conslaw import conservation_laws, networks
        sage: conservation_laws(networks.linear([3, 2, 3]), seed=0).matrix_laws()
        [U1^T U1 - U2 U2^T (symmetric 2 x 2: 3 laws)]
    """

    text: str
    latex: str
    shape: str
    laws: int
    independent: int
    form: object = field(default=None, compare=False)
    entries: tuple = field(default=(), compare=False)

    def value(self, state):
        r"""
        Return the value at a state, an array of numpy or a tensor of PyTorch: a matrix, a vector with one entry an
        index, or a number.

        EXAMPLES::

            sage: import numpy
            sage: from sage_conslaw import conservation_laws, networks
            sage: (law,) = conservation_laws(networks.linear([1, 2, 1]), seed=0).matrix_laws()
            sage: law.value(numpy.array([1.0, 2.0, 3.0, 5.0]))
            array([[ -8., -13.],
                   [-13., -21.]])
        """
        return self.form.value(state)

    def __repr__(self):
        count = f"{self.laws} law{'' if self.laws == 1 else 's'}"
        if self.independent != self.laws:
            count += f", {self.independent} independent" if self.independent < self.laws else ""
        return f"{self.text} ({self.shape + ': ' if self.shape else ''}{count})"


class Span:
    """The span of some laws over Q, by connected pieces; ``reduced`` is zero exactly for its elements."""

    def __init__(self, laws):
        self.pivots, owner, pieces = {}, {}, {}
        for number, law in enumerate(laws):
            touched = {owner[m] for m in law if m in owner}
            # Union of pieces that share a monomial: echelon forms of small pieces in place of one of all laws, whose
            # time is its cube.
            home = min(touched, default=number)
            pieces.setdefault(home, []).append(law)
            for other in touched - {home}:
                pieces[home] += pieces.pop(other)
            for piece_law in pieces[home] if len(touched) > 1 else [law]:
                for m in piece_law:
                    owner[m] = home
        for piece in pieces.values():
            for vector in echelon(piece):
                self.pivots[min(vector)] = vector
        self.support = set(owner)

    def reduced(self, terms):
        # The basis is reduced: a row brings in no other pivot, so the pivots at the start are all.
        for pivot in [m for m in terms if m in self.pivots]:
            terms = eliminate(terms, self.pivots[pivot], pivot)
        return terms


def matrix_laws(laws, entries, generator, number):
    r"""
    Return matrix expressions whose entries are in the span of the laws found, in order: sums, matrices, norms.

    INPUT:

    - ``laws`` -- sparse polynomials in the state, all laws of their degree

    - ``entries`` -- the parameters as :class:`~sage_conslaw.notation.expressions.Entries`

    - ``number`` -- how many independent laws there are to find; the search ends there

    OUTPUT: a list of :class:`MatrixLaw`

    EXAMPLES:

    A ReLU network has one law a hidden neuron, a linear network a matrix of laws a hidden layer::

        sage: from sage_conslaw import conservation_laws, flows, networks
        sage: conservation_laws(networks.relu([2, 3, 2], bias=True), seed=0).matrix_laws()
        [|U1[:,j]|^2 + b1[j]^2 - |U2[j,:]|^2 for each j (3 laws)]
        sage: conservation_laws(networks.linear([3, 3, 3, 2]), seed=0).matrix_laws()
        [U1^T U1 - U2 U2^T (symmetric 3 x 3: 6 laws), U2^T U2 - U3 U3^T (symmetric 3 x 3: 6 laws)]

    With momentum they are skew, and not all of them are independent where the inputs and outputs are few::

        sage: conservation_laws(networks.linear([2, 3, 2]), flow=flows.momentum(tau=1), seed=0).matrix_laws()
        [exp(t)*(U1^T dU1 - dU1^T U1 + U2 dU2^T - dU2 U2^T) (skew 3 x 3: 3 laws)]
    """
    span = Span(laws)
    # Where all laws found are independent, so is every basis of a part of their span; else a rank has to tell: the
    # laws b and b^2 of a number at rest are linearly independent and one law.
    basis = number if number == len(laws) else None
    chosen, spanned = [], 0
    for expression in _read_best(span, entries):
        if expression is None:
            if sum(_independent(chosen, basis, generator)) == number:
                break
            continue
        # What adds nothing to the linear span adds nothing at all; this test is cheap, the rank below is not.
        grown = len(Span([law for *_, entries in [*chosen, expression] for law in entries]).pivots)
        if grown > spanned:
            chosen.append(expression)
            spanned = grown
        # The whole span is written: what follows could only say it again.
        if spanned == len(laws):
            break
    # A sum over all channels that was found before the law of each channel says nothing more.
    for expression in list(chosen):
        others = [other for other in chosen if other is not expression]
        if len(Span([law for *_, entries in others for law in entries]).pivots) == spanned:
            chosen = others
    added = _independent(chosen, basis, generator)
    return [MatrixLaw(text, latex, shape, len(entries), new, form, tuple(entries))
            for (text, latex, shape, form, entries), new in zip(chosen, added) if new]


def entries_of_problem(problem, highest):
    r"""
    Return the parameters of a network, with their velocities and powers of the time up to ``highest``, as features read
    them.
    """
    family = problem.family
    # In a first-order flow the controls move the parameters themselves; in a second-order one velocities behind them.
    second = family.first_forced != family.first_parameter
    time = None
    if family.time is not None:
        name, rate = family.names[family.time], family.rate
        time = family.time, lambda power: clock_text(power, name, rate), highest
    return Entries(problem.shapes, family.first_parameter, family.first_forced if second else None, time)


def _read_best(span, entries):
    """Yield expressions of whole parameters, then of equal slices of parameters: several matrices are often packed in
    one."""
    yield from _expressions(span, entries)
    # Asked here whether that is all: then nothing is looked for in slices.
    yield None
    support = {place for monomial in span.support for place in monomial}
    for joined in (False, True):
        packed = entries.unpacked(support, joined)
        if packed is not None:
            yield from _expressions(span, packed)
            yield None


def _independent(expressions, basis, generator):
    """Return how many independent laws the entries of each expression add to those before it."""
    sizes = [len(entries) for *_, entries in expressions]
    laws = [law for *_, entries in expressions for law in entries]
    # No rank is needed: linearly independent elements of a span of independent laws, as many as its basis has.
    if len(Span(laws).pivots) == sum(sizes) == basis:
        return sizes
    dimension = 1 + max((i for law in laws for m in law for i in m), default=0)
    values = jacobian(laws, dimension, modular.random_array(generator, (dimension,), _PRIME), _PRIME)
    kept = np.array(independent_rows(values, _PRIME), dtype=np.int64)
    ends = np.cumsum([0] + sizes)
    return [int(((kept >= a) & (kept < b)).sum()) for a, b in zip(ends, ends[1:])]


def _expressions(span, entries):
    """Yield (text, LaTeX, shape, form, entries) of all expressions that are conserved for every index, in the order in
    which they are read best."""
    # What never moves, by its name: simplest.
    for feature in entries.still({m[0] for m in span.support if len(m) == 1 and not span.reduced({m: Fraction(1)})}):
        c = {0: Fraction(1)}
        yield *combination([feature], c, len(feature.rows)), Form.of([feature], c), \
            [_entry([feature], c, j) for j in range(len(feature.rows))]
    for size in entries.sizes():
        sums = entries.sums(size)
        for c in _conserved(span, sums, range(size)):
            yield *combination(sums, c, size), Form.of(sums, c), [_entry(sums, c, j) for j in range(size)]
    for size in entries.sizes():
        skew = entries.skew(size)
        if skew and 1 < size <= MAX_MATRIX:
            pairs = [(i, j) for i in range(size) for j in range(i + 1, size)]
            for c in _conserved(span, skew, pairs):
                text, latex, _ = combination(skew, c, size)
                yield (
                    text,
                    latex,
                    f"skew {size} x {size}",
                    Form.of(skew, c, "skew"),
                    [_entry(skew, c, pair) for pair in pairs],
                )
        features = entries.sums(size) + entries.squares(size)
        for c in _conserved(span, features, range(size)):
            # Sums alone were written above.
            if all(features[k].degree == 1 for k in c):
                continue
            diagonal = [_entry(features, c, j) for j in range(size)]
            pattern, others = _pattern(span, features, c, size)
            text, latex, shape = combination(features, c, size, matrix=pattern)
            yield text, latex, shape, Form.of(features, c, pattern), diagonal + others
        for block in divisors(size):
            blocks = entries.blocks(size, block)
            for c in _conserved(span, blocks, range(size // block)):
                yield (
                    *combination(blocks, c, size // block),
                    Form.of(blocks, c),
                    [_entry(blocks, c, j) for j in range(size // block)],
                )
    # Heads that share keys: the largest first, since sums over more heads are consequences.
    for size in sorted(entries.sizes(), reverse=True):
        for block in [size, *divisors(size)[::-1]]:
            features = entries.squares(size) + entries.folded(size, block)
            for c in _conserved(span, features, range(size)):
                pattern, others = _pattern(span, features, c, size)
                if pattern is not None:
                    yield *combination(features, c, size, matrix=pattern), Form.of(features, c, pattern), \
                        [_entry(features, c, j) for j in range(size)] + others
    for size in sorted(entries.sizes(), reverse=True):
        for head in [size, *divisors(size)[::-1]]:
            for block in divisors(head):
                features = entries.blocks(size, block) + entries.folded_blocks(size, head, block)
                for c in _conserved(span, features, range(size // block)):
                    yield *combination(features, c, size // block), Form.of(features, c), \
                        [_entry(features, c, j) for j in range(size // block)]
    for feature in entries.products(span.support):
        for c in _conserved(span, [feature], range(len(feature.rows))):
            yield *combination([feature], c, len(feature.rows)), Form.of([feature], c), \
                [_entry([feature], c, j) for j in range(len(feature.rows))]
    # Last: the norm of a whole array is the sum of what is above, where that is conserved index by index.
    norms = entries.norms()
    for c in _conserved(span, norms, range(1)):
        yield *combination(norms, c, 1), Form.of(norms, c), [_entry(norms, c, 0)]


def _entry(features, c, index):
    total = {}
    for k, value in c.items():
        for monomial, factor in features[k].terms(index).items():
            total[monomial] = total.get(monomial, 0) + value * factor
    return {monomial: value for monomial, value in total.items() if value}


def _conserved(span, features, indices):
    """Return a readable basis of the coefficients with which a combination of features is conserved at every index."""
    rows = []
    for k, feature in enumerate(features):
        row = {(1, k): Fraction(1)}
        for at, index in enumerate(indices):
            for monomial, value in span.reduced(feature.terms(index)).items():
                row[0, at, monomial] = value
        rows.append(row)
    # Rows (r | e_k) of what feature k reduces to: an echelon vector without an r is a combination that reduces to zero.
    kernel = [{key[1]: value for key, value in vector.items()} for vector in echelon(rows) if min(vector)[0] == 1]
    return readable_basis(kernel)


def _pattern(span, features, c, size):
    """Return which off-diagonal entries are conserved too: ``None``, ``"all"``, a block size or the class of each
    index; and these."""
    # A sum of entries has no off-diagonal ones.
    if size == 1 or size > MAX_MATRIX or any(features[k].degree == 1 for k in c):
        return (None if size > 1 else "all") if all(features[k].degree == 2 for k in c) else None, []
    entries, near = {}, [set([i]) for i in range(size)]
    for i in range(size):
        for j in range(i + 1, size):
            total = {}
            for k, value in c.items():
                for monomial, factor in features[k].pair(i, j).items():
                    total[monomial] = total.get(monomial, 0) + value * factor
            # Most pairs fail at a monomial that no law has: no reduction is needed to see that.
            if total.keys() <= span.support and not span.reduced(total):
                entries[i, j] = total
                near[i].add(j)
                near[j].add(i)
    if len(entries) == size * (size - 1) // 2:
        return "all", list(entries.values())
    # Blocks side by side, as heads are; then any partition into classes. A relation that is no partition is no block
    # matrix, and its diagonal alone is written.
    block = len(near[0])
    if block > 1 and all(near[i] == set(range(i - i % block, i - i % block + block)) for i in range(size)):
        return block, list(entries.values())
    if entries and all(near[i] == near[j] for i in range(size) for j in near[i]):
        return tuple(min(near[i]) for i in range(size)), list(entries.values())
    return None, []
