r"""
Matrix notation, read back: the polynomials that an expression stands for, as it is printed.

An expression is a sum of words with rational factors; the words are those in which expressions are written, so each is
looked up.  ``U^T U - V V^T`` is a matrix and stands for all its entries, ``|U[:,j]|^2 - |V[j,:]|^2 for each j`` for one
polynomial an index.  What stands in parentheses behind, as ``(block diagonal, 2 symmetric blocks 2 x 2: 6 laws)``, says
which entries are meant.
"""
import re
from fractions import Fraction

from ..runtime.errors import InputError, shortened
from .expressions import divisors

# What stands in parentheses behind an expression: which entries, and how many laws they are.
_SHAPE = re.compile(r"\s*\((?:(block diagonal, \d+ symmetric blocks (\d+) x \d+|[^()]*?)(?::\s*))?\d+ laws?[^()]*\)$")
_EACH = re.compile(r"\s+(?:for each (?:j|block J of (\d+))|entry by entry)$")


def entries_of(text, entries):
    r"""
    Return the sparse polynomials that an expression stands for.

    - ``entries`` -- the parameters as :class:`~sage_conslaw.notation.expressions.Entries`

    EXAMPLES::

        sage: from sage_conslaw.notation.expressions import Entries
        sage: from sage_conslaw.notation.written import entries_of
        sage: entries = Entries([("U", (1, 2)), ("V", (2, 1))], 0, None, None)
        sage: entries_of("|U|^2 - |V|^2", entries)
        [{(0, 0): Fraction(1, 1), (1, 1): Fraction(1, 1), (2, 2): Fraction(-1, 1), (3, 3): Fraction(-1, 1)}]
        sage: [len(entries_of(text, entries)) for text in ("U^T U", "U.T @ U - V @ V.T", "1^T U")]
        [3, 3, 2]
        sage: entries_of("U W", entries)
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: 'U W' is no matrix notation of the parameters U, V; write it as matrix_laws() does,
        e.g.
        1^T U or |V|^2
    """
    inner, together, neighbours, grouped = _without_shape(" ".join(text.replace(".T", "^T").replace("@", " ").split()))
    # Entries that never move are printed by their names, or as a slice: these are no words of features.
    if listed := _listed(inner, entries):
        return listed
    words = _words(entries, neighbours, grouped)
    # A power of the time stands once before a parenthesis, or before each term.
    for (clock, (front, _)) in entries.fronts:
        common = front and inner.startswith(front + "(") and inner.endswith(")")
        chosen = _terms(inner[len(front) + 1:-1] if common else inner, words, clock if common else ())
        if chosen:
            return _polynomials(chosen, together, text)
    names = ", ".join(dict.fromkeys(name for name, *_ in entries.arrays))
    single = [word for word in words if word.startswith(("1^T", "|")) and ":" not in word]
    raise InputError(
        f"{shortened(repr(text), 80)} is no matrix notation of the parameters {shortened(names, 80)}; write it as "
        f"matrix_laws() does, e.g. {' or '.join([single[0], single[-1]] if single else list(words)[:1])}"
    )


def _listed(text, entries):
    """Return the entries of parameters that a text lists by their names, or as a slice; empty if it does not."""
    arrays = {name: places for name, places, _ in entries.arrays}
    cut = re.fullmatch(r"(.+)\[((?::,)*)(\d+):(\d+)\](, every entry)?", text)
    if cut and cut[1] in arrays:
        key = (slice(None),) * (len(cut[2]) // 2) + (slice(int(cut[3]), int(cut[4])),)
        places = arrays[cut[1]]
        return [{(i,): Fraction(1)} for i in places[key].ravel().tolist()] if len(key) <= places.ndim else []
    out = []
    for word in text.split(", "):
        for ndim in range(1, word.count("_") + 1):
            name, *index = word.rsplit("_", ndim)
            # Names may have underscores themselves: as many indices are split off as an array of that name has.
            shape = arrays[name].shape if name in arrays else ()
            if len(shape) == ndim and all(i.isdigit() and 0 < int(i) <= n for i, n in zip(index, shape)):
                out.append({(int(arrays[name][tuple(int(i) - 1 for i in index)]),): Fraction(1)})
    return out if len(out) == text.count(", ") + 1 else []


def _without_shape(text):
    """Return the expression alone, a function that says which pairs of indices are meant (``None``: all), the size of
    the blocks J that it speaks of, and that of the blocks of a matrix that is block diagonal."""
    found = _SHAPE.search(text)
    together = grouped = None
    if found and found[2]:
        # The pair i, j is meant if both lie in one block.
        grouped = int(found[2])
        together = lambda i, j: i // grouped == j // grouped
    elif found and found[1] and "the entries within" in found[1]:
        # Folded text says less than the law: what is missing is not guessed.
        if "more class" in found[1]:
            raise InputError(f"{shortened(repr(text), 80)} does not name all classes: give the law of matrix_laws()")
        classes = [{int(i) - 1 for i in members.split(",")} for members in re.findall(r"\{([\d,]+)\}", found[1])]
        together = lambda i, j: i == j or any({i, j} <= members for members in classes)
    text = text[:found.start()] if found else text
    each = _EACH.search(text)
    neighbours = int(each[1]) if each and each[1] else None
    return text[:each.start()] if each else text, together, neighbours, grouped


def _words(entries, neighbours, grouped):
    """Return all features by their words: ``(feature, whether its entries are a matrix, sign)``."""
    out = {}
    # Read back without a result: no support of laws says which slices are of interest, so all are words.
    everything = {i for _, places, _ in entries.arrays for i in places.ravel().tolist()}
    for view in (entries, entries.unpacked(everything)):
        for feature in [] if view is None else [*_features(view, neighbours, grouped), *view.still(everything)]:
            whole, each = (words[0] for words in feature.words[:2])
            square = feature.degree == 2 and not feature.product and (whole != each or not feature.words[2])
            for word in (whole, each):
                out.setdefault(feature.front[0] + word, (feature, square and word == whole, 1))
            first, _, second = whole.partition(" - ")
            if second:
                # A skew matrix with the other sign is printed with its two parts swapped.
                out.setdefault(f"{second} - {first}", (feature, True, -1))
    return out


def _features(view, neighbours, grouped):
    for size in view.sizes():
        yield from view.skew(size)
        yield from view.squares(size)
        yield from view.sums(size)
        # Sums over heads are written alike whatever the heads that share a key: one group, unless the law is a block
        # diagonal matrix, whose blocks are those of the groups.
        for block in [*([grouped] if grouped and size % grouped == 0 else []), size, *divisors(size)]:
            yield from view.blocks(size, block) if block == neighbours else []
            yield from view.folded(size, block)
    yield from view.norms()
    yield from view.products(None)


def _terms(text, words, clock):
    """Return triples (factor, feature, whether whole); empty if the text is no sum of words."""
    chosen, rest = [], text.strip()
    # The longest word that fits: U[:,j] begins with U.
    by_length = sorted(words, key=len, reverse=True)
    while rest:
        found = re.match(r"([+-]?)\s*(?:(\d+(?:/\d+)?)\s*\*\s*)?", rest)
        # Terms are joined by signs; a blank joins none.
        if chosen and not found[1]:
            return []
        factor = Fraction(found[2] or 1) * (-1 if found[1] == "-" else 1)
        rest = rest[found.end():]
        word = next((w for w in by_length if _begins(rest, w)), None)
        if word is None:
            return []
        feature, whole, sign = words[word]
        if clock and not feature.clock:
            # The power of time before the parenthesis belongs to each term in it.
            feature = next(
                (other for other, *_ in words.values() if other.words == feature.words and other.clock == clock),
                feature,
            )
        chosen.append((factor * sign, feature, whole))
        rest = rest[len(word) + 2 * rest.startswith("("):].strip()
    return chosen


def _begins(text, word):
    inside = f"({word})"
    # A word is whole if a sign or the end follows: else U^T U would be read in U^T U2.
    start = inside if text.startswith(inside) else word
    return text.startswith(start) and re.match(r"\s*([+-]|$)", text[len(start):]) is not None


def _polynomials(chosen, together, text):
    size = len(chosen[0][1].rows)
    if any(len(feature.rows) != size for _, feature, _ in chosen) or len({whole for *_, whole in chosen}) > 1:
        raise InputError(f"the terms of {shortened(repr(text), 80)} are not all of one size; add matrices to matrices")
    whole, skew = chosen[0][2], any(f.others is not None and not f.product for _, f, _ in chosen)
    # Half of a symmetric matrix, without the diagonal of a skew one, which is zero.
    indices = [(i, j) for i in range(size) for j in range(i + skew, size)] if whole else [(i, i) for i in range(size)]
    out = []
    for i, j in indices:
        if together is None or together(i, j):
            total = {}
            for factor, feature, _ in chosen:
                for monomial, value in (feature.terms(i) if i == j and not skew else feature.pair(i, j)).items():
                    total[monomial] = total.get(monomial, 0) + factor * value
            out.append({monomial: value for monomial, value in total.items() if value})
    return out
