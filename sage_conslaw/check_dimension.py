r"""
Recheck a certificate of the dimension of a neurovariety, without the package: Python alone.

    python -m sage_conslaw.check_dimension FILE [FILE ...]

The set of maps of a network of widths `d_0, ..., d_L` with activation `z^r` has a dimension, the generic rank of the
gradients of its outputs in the weights.  *At least*: weights, inputs and covectors are in the file, and the gradients
have a minor that is not zero modulo the prime; the generic minor is then not zero over the rationals.  *At most*: the
ambient space; `d_l` scalings for each hidden layer; for `r = 2` before a single output rotations, for `r = 1` all
invertible matrices, where the components of the layer are independent, which their values at the inputs of the file
show; forms that are singular at the points of a single hidden layer; and hypersurfaces on which a layer with one
neuron more than there are inputs moves (the proofs are in :mod:`sage_conslaw.structure.neurovariety`).
"""
import sys
from functools import cache
from math import comb

from . import check
from .check import BUDGET, LIMITS, TooMuchWork, determinant, is_prime, need, rank_of

SCHEMA = "sage_conslaw.dimension/1"
KEYS = {"schema", "widths", "power", "prime", "weights", "inputs", "covectors", "pivots", "minor", "dimension",
        "at_most"}
# A minor of this size takes 20 s; a form of larger degree is nothing that a table has.
LARGEST, WEIGHTS, LAYERS, POWER = 1000, 20_000, 40, 20


def verify(record):
    r"""
    Return in one line what a record proves; :class:`Rejected` where it does not hold.

    EXAMPLES::

        sage: from sage_conslaw import dimension, networks
        sage: from sage_conslaw.check_dimension import verify
        sage: verify(dimension(networks.polynomial([5, 5, 3, 1], 2), seed=0).certificate())
        'dimension 32 where 35 is expected, in an ambient space of dimension 70: 32 at least and at most; 5 5 3 1,
        power 2'
    """
    widths, power, p = _checked(record)
    BUDGET.update(work=LIMITS["work"], kept=LIMITS["kept"])
    weights = _matrices(record["weights"], widths, p)
    gradients = [gradient(weights, power, x, c, p) for x, c in zip(record["inputs"], record["covectors"])]
    pivots = record["pivots"]
    # One row a draw, one column a weight: the minor is the determinant of these, so neither may come twice.
    need(len(set(pivots)) == len(pivots) == len(gradients) == record["dimension"]
         and all(0 <= i < len(record["weights"]) for i in pivots), "the pivots are not distinct weights, one a draw")
    found = determinant([[row[i] for i in pivots] for row in gradients], p)
    need(found and found == record["minor"], "the minor is not the stored one, or zero")
    # The bound from above needs widths and power alone, but for the layers whose components must be independent.
    most = at_most(widths, power, lambda layer: _independent(weights[:layer], power, record["inputs"], p))
    need(record["at_most"] == most, f"the dimension is at most {most}, not what is stored")
    need(record["dimension"] <= most, "the rank is larger than its bound")
    return words(widths, power, record["dimension"], most)


def words(widths, power, least, most):
    """Return the line that says what is proved."""
    ambient = widths[-1] * comb(widths[0] + power ** (len(widths) - 2) - 1, power ** (len(widths) - 2))
    expected = min(sum(a * b for a, b in zip(widths, widths[1:])) - sum(widths[1:-1]), ambient)
    said = "as expected" if least >= expected else f"where {expected} is expected"
    end = f"{least} at least and at most" if least == most else f"{least} at least, {most} at most"
    what = f"{least} {said}" if least == most else "not settled"
    return (f"dimension {what}, in an ambient space of dimension {ambient}: {end}; {' '.join(map(str, widths))}, "
            f"power {power}")


def _checked(record):
    """Check types and sizes before anything is computed."""
    need(type(record) is dict and record.get("schema") == SCHEMA, f"the schema is not {SCHEMA}")
    need(set(record) == KEYS, "the keys are not those of the schema")
    widths, power, p = record["widths"], record["power"], record["prime"]
    for name in ("widths", "weights", "pivots"):
        need(type(record[name]) is list and all(type(x) is int for x in record[name]), f"{name} is no list of integers")
    for name in ("power", "prime", "minor", "dimension", "at_most"):
        need(type(record[name]) is int, f"{name} is no integer")
    need(2 <= len(widths) <= LAYERS and all(n > 0 for n in widths), "widths are at least two positive integers")
    need(1 <= power <= POWER and (power == 1 or power ** (len(widths) - 2) < 2 ** 40), "the power is too large")
    need(2 ** 20 < p < 2 ** 62 and is_prime(p), "the prime is not a prime between 2^20 and 2^62")
    size = sum(a * b for a, b in zip(widths, widths[1:]))
    need(len(record["weights"]) == size, f"there are not {size} weights")
    if size > WEIGHTS or record["dimension"] > LARGEST:
        raise TooMuchWork("the network is larger than this checker's limit")
    for name, width in (("inputs", widths[0]), ("covectors", widths[-1])):
        rows = record[name]
        need(type(rows) is list and all(type(row) is list and len(row) == width for row in rows)
             and all(type(x) is int for row in rows for x in row), f"{name} are not lists of {width} integers")
        need(len(rows) <= LARGEST + WEIGHTS // 10, f"there are too many {name}")
    need(len(record["covectors"]) == record["dimension"] <= len(record["inputs"]), "there is not one draw a dimension")
    return tuple(widths), power, p


def _matrices(weights, widths, p):
    """Return the layers, each a list of columns, one an output; the weights are stored by input, then by output."""
    out, place = [], 0
    for a, b in zip(widths, widths[1:]):
        out.append([[weights[place + i * b + j] % p for i in range(a)] for j in range(b)])
        place += a * b
    return out


def forward(weights, power, x, p):
    """Return what enters and what leaves each layer."""
    seen, z = [], [v % p for v in x]
    for columns in weights:
        y = [sum(a * b for a, b in zip(z, column)) % p for column in columns]
        seen.append((z, y))
        z = [pow(v, power, p) for v in y]
    return seen


def gradient(weights, power, x, covector, p):
    """Return the gradient of the output paired with a covector, in the order of the weights."""
    seen, c, parts = forward(weights, power, x, p), [v % p for v in covector], []
    for layer in reversed(range(len(weights))):
        z, _ = seen[layer]
        parts.append([a * b % p for a in z for b in c])
        if layer:
            back = [sum(column[i] * b for column, b in zip(weights[layer], c)) % p for i in range(len(z))]
            c = [power * pow(y, power - 1, p) * b % p for y, b in zip(seen[layer - 1][1], back)]
    return [v for part in reversed(parts) for v in part]


def _independent(weights, power, inputs, p):
    """Say whether the outputs of some layers are seen to be independent functions at the inputs."""
    size = len(weights[-1])
    # Values of dependent functions are dependent at any inputs; so a full rank at a few shows independence.
    return rank_of((forward(weights, power, x, p)[-1][1] for x in inputs[:size + 2]), p) == size


def at_most(widths, power, independent):
    """Return the smallest bound that the facts give; a layer is asked for independence only where it counts."""
    @cache
    def known(layer):
        return independent(layer)

    @cache
    def bound(first, last):
        # Functions of layer ``last`` in terms of layer ``first``: forms of this degree, a space of its own dimension.
        degree = power ** (last - first - 1)
        forms, outputs = comb(widths[first] + degree - 1, degree), widths[last]
        # A matrix of this rank.
        rank = min(widths[last - 1], outputs, forms)
        best = rank * outputs + rank * forms - rank * rank
        if last - first == 2:
            best = min(best, outputs * forms - _orthogonal(widths[first], widths[first + 1], outputs, power))
        for cut in range(first + 1, last):
            d = widths[cut]
            # One neuron more than inputs: the image of the inner layers is a hypersurface of degree ``surface``, and
            # multiples of its equation are zero on it.
            if d == widths[first] + 1:
                m, surface = power ** (last - cut - 1), power ** ((cut - first) * (d - 2))
                lost = comb(m - surface + d - 1, d - 1) if m >= surface else 0
                best = min(best, bound(first, cut) - d + widths[last] * (comb(m + d - 1, d - 1) - lost))
            # The map (outer, inner) -> outer o inner is constant on orbits of this group, which acts between them: its
            # fibres have at least its dimension where it acts freely at generic points. Scalings always do.
            turned = power == 2 and cut + 1 == last and widths[last] == 1
            group = d * d if power == 1 else d * (d + 1) // 2 if turned else d
            if group > d and not known(cut):
                group = d
            best = min(best, bound(first, cut) + bound(cut, last) - group)
        return best
    return bound(0, len(widths) - 1)


def _orthogonal(inputs, hidden, outputs, power):
    """Return a number of independent forms orthogonal to all gradients of one hidden layer: products of two forms that
    vanish at its points."""
    found = [{(5, 7, 1, 3): 1, (4, 5, 3, 2): 1, (4, 6, 5, 2): 3}.get((inputs, hidden, outputs, power), 0)]
    for low in range(1, power):
        first = comb(inputs + low - 1, inputs - 1) - hidden
        second = outputs * comb(inputs + power - low - 1, inputs - 1) - hidden
        found += [first + second - 1] if min(first, second) > 0 else []
    return max(found)


def nothing_given(_):
    """Say that nothing of a certificate is taken from the file unchecked."""
    return ""


def main(paths):
    """Verify files, one line each; return the exit status."""
    return check.main(paths, verify, nothing_given)


if __name__ == "__main__":
    sys.exit(check.command(verify, nothing_given))
