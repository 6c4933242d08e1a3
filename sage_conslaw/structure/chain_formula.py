r"""
The number of laws of linear networks as a formula in the widths, and the widths for which it is proved.

The ranks of a chain point are sums over pairs of kinds of components, of the number of pairs times a rank that knows
nothing of the widths (:mod:`.chain_points`).  Both bounds meet in every pair that occurs, or they would not meet in the
sum.  So they meet wherever the kinds are the same, and each occurs at least twice if it occurred more than twice, and
else as often.  Without links the number of components of a kind is a linear form in the widths as long as all these
forms are positive: chains of these numbers are a chain point, and widths determine the chains.

For wide layers (:mod:`.wide_layers`) the proof is for any number of units added to all hidden layers of one narrow
network.
"""
from fractions import Fraction

from .chain_points import linear_layers
from .chains import kinds_of_components


def conditions(widths, narrow=None):
    r"""
    Return for which widths a proof at these ones is one: triples (coefficients by width, number, whether the sum has to
    be this number or at least); ``None`` where no others are known.  Equal widths stay equal.

    INPUT: ``narrow`` -- the narrow network from which wide layers grow
    """
    if narrow is not None:
        forms = [({n: 1}, n, True) for n in (widths[0], widths[-1])]
        forms += [({n: 1, widths[1]: -1}, n - widths[1], True) for n in widths[2:-1] if n != widths[1]]
        return list(_different([*forms, ({widths[1]: 1}, narrow[1] + 1, False)]))
    # All numbers doubled: one neuron more then changes no order.
    kinds = kinds_of_components([2 * n for n in widths])
    last = len(widths) - 1
    if kinds is None or any(kind.links or len(kind.chains) > 1 for kind, _ in kinds):
        return None
    if any(0 < first < end < last for kind, _ in kinds for first, end in kind.chains):
        return None
    moved = {n: dict(kinds_of_components([2 * m + (m == n) for m in widths])) for n in widths}
    # The number of components of a kind is piecewise linear in the widths.  Its slopes here give the linear form; where
    # the form misses the number at these widths, they lie on no piece that contains a neighbourhood.
    out = []
    for kind, number in kinds:
        if any(kind not in more for more in moved.values()) or any(len(more) != len(kinds) for more in moved.values()):
            return None
        form = {n: more[kind] - number for n, more in moved.items() if more[kind] != number}
        if 2 * sum(c * n for n, c in form.items()) != number:
            return None
        # Of three and more only pairs are read, so two do as well; of one or two there are no fewer pairs to read.
        out.append((form, 2, False) if number > 4 else (form, number // 2, True))
    return out


def _different(forms):
    return {str(one): one for one in forms}.values()


def number_of_laws(widths):
    r"""
    Return the number of independent balances as a polynomial: coefficients by sets of layers, each with repetitions.
    """
    total = {}

    def add(form, sign):
        """Add sign times n (n + 1) / 2 for a linear form n in the widths."""
        for l, a in form.items():
            total[l,] = total.get((l,), 0) + Fraction(sign * a, 2)
            for m, b in form.items():
                key = tuple(sorted((l, m)))
                total[key] = total.get(key, 0) + Fraction(sign * a * b, 2)
    for l, (before, n, after) in enumerate(zip(widths, widths[1:], widths[2:])):
        add({l + 1: 1}, 1)
        if n > before + after:
            add({l + 1: 1, l: -1, l + 2: -1}, -1)
    return {key: value for key, value in total.items() if value}


def chain_formula(classes, bounds):
    r"""
    Return the number of laws of a linear network that chain points or wide layers prove, as coefficients by tuples of
    sizes, and the conditions on these, as :func:`conditions` has them with dictionaries of sizes; ``None`` where it is
    no formula.
    """
    # There the proof is for one output less (:func:`.chain_points.chain_bounds`), which is no width of the network.
    if classes.zero_sum is not None:
        return None
    _, path = linear_layers(classes)
    widths = [classes.sizes[c] for c in path]
    found = conditions(widths, bounds.narrow)
    if found is None:
        return None
    terms = {}
    for key, value in number_of_laws(widths).items():
        sizes = tuple(sorted(widths[l] for l in key))
        terms[sizes] = terms.get(sizes, 0) + value
    return terms, tuple((tuple(form.items()), number, exact) for form, number, exact in found)
