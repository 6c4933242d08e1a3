"""Changed certificates of dimensions: one that a checker accepts is true by a count that shares nothing with them.

The oracle writes the outputs of the network out as polynomials in the inputs, differentiates the coefficients in the
weights by the product rule, and takes the rank at random weights modulo a prime of 61 bits.
"""
import copy
import functools
import random

from certificates.oracle import P, Rows, plus, power, scaled, times
from sage_conslaw import check, check_dimension, dimension, networks
from sage_conslaw.certificates.dimension import check_dimension as examine
from sage_conslaw.certificates.errors import CertificateError

CASES = [([5, 4, 3, 1], 2), ([3, 2, 3], 1), ([2, 3, 2], 3), ([4, 2], 2), ([2, 1, 3, 1], 2), ([2, 2, 2, 1], 2)]


@functools.cache
def true_dimension(widths, exponent):
    """Return the dimension of the set of functions, which is the rank of the Jacobian of their coefficients."""
    if exponent ** max(0, len(widths) - 2) > 16:
        return dimension_by_values(widths, exponent)
    draw = random.Random(0)
    shapes = list(zip(widths, widths[1:]))
    places = [(layer, i, j) for layer, (a, b) in enumerate(shapes) for i in range(a) for j in range(b)]
    weights = {place: draw.randrange(1, P) for place in places}
    # Value and derivative along each weight, one after the other.
    written, columns = [], {}
    for place in places:
        values = [({(i,): 1}, {}) for i in range(widths[0])]
        for layer, (a, b) in enumerate(shapes):
            if layer:
                values = [(power(f, exponent), scaled(times(power(f, exponent - 1), df), exponent)) for f, df in values]
            values = [
                (plus(*(scaled(values[i][0], weights[layer, i, j]) for i in range(a))),
                 plus(*(scaled(values[i][1], weights[layer, i, j]) for i in range(a)),
                      *(values[i][0] for i in range(a) if (layer, i, j) == place)))
                for j in range(b)
            ]
        row = {}
        for j, (_, df) in enumerate(values):
            for monomial, c in df.items():
                row[columns.setdefault((j, monomial), len(columns))] = c
        written.append(row)
    rows = Rows()
    return sum(rows.add([row.get(column, 0) for column in range(len(columns))]) for row in written)


def dimension_by_values(widths, exponent):
    """Return the same from derivatives of the outputs at random inputs, carried forward weight by weight: forms of a
    high degree have too many coefficients."""
    draw = random.Random(1)
    shapes = list(zip(widths, widths[1:]))
    layers = [[[draw.randrange(1, P) for _ in range(b)] for _ in range(a)] for a, b in shapes]
    size = sum(a * b for a, b in shapes)
    rows = Rows()
    for _ in range(size + 2):
        inputs = [draw.randrange(P) for _ in range(widths[0])]
        columns = []
        for place in ((layer, i, j) for layer, (a, b) in enumerate(shapes) for i in range(a) for j in range(b)):
            values = [(x, 0) for x in inputs]
            for layer, weights in enumerate(layers):
                if layer:
                    values = [(pow(x, exponent, P), exponent * pow(x, exponent - 1, P) * dx % P) for x, dx in values]
                values = [(sum(x * row[j] for (x, _), row in zip(values, weights)) % P,
                           (sum(dx * row[j] for (_, dx), row in zip(values, weights))
                            + sum(x for i, (x, _) in enumerate(values) if (layer, i, j) == place)) % P)
                          for j in range(len(weights[0]))]
            columns.append([dx for _, dx in values])
        for output in zip(*columns):
            rows.add(list(output))
    return len(rows.rows)


def falsehood(record, line):
    """Return what is false in what was accepted, ``None`` if all is true."""
    widths, exponent = tuple(record["widths"]), record["power"]
    if sum(a * b for a, b in zip(widths, widths[1:])) > 60:
        return "a network beyond the oracle"
    true = true_dimension(widths, exponent)
    if record["dimension"] > true or record["at_most"] < true:
        return f"the dimension is {true}"
    if f"; {' '.join(map(str, widths))}, power {exponent}" not in line:
        return "the line names another network"
    return None


def verdicts(record):
    """Return which checkers accept, and the line they give."""
    accepted, line = [], ""
    for name, verify, error in (("plain", check_dimension.verify, check.Rejected), ("package", examine,
                                                                                  CertificateError)):
        try:
            line = verify(record)
            accepted.append(name)
        except error as reason:
            assert "\n" not in str(reason) and len(str(reason)) < 700
    return accepted, line


def mutants(number, seed, changed_value, paths, held):
    """Yield changed certificates; widths, power, dimension and bound are changed as often as the many weights."""
    generator = random.Random(seed)
    records = [dimension(networks.polynomial(*case), seed=0).certificate() for case in CASES]
    for _ in range(number):
        record = copy.deepcopy(generator.choice(records))
        for _ in range(generator.choice([1, 1, 2])):
            every = [path for path in paths(record) if path]
            few = [path for path in every if path[0] in ("widths", "power", "dimension", "at_most", "prime", "minor")]
            path = generator.choice(few if generator.random() < 0.5 and few else every)
            held(record, path[:-1])[path[-1]] = changed_value(held(record, path), generator, [])
        if generator.random() < 0.5:
            record = repaired(record)
        yield record


def repaired(record):
    """Return a record whose minor and bound are made to fit the rest, where that can be done."""
    record = copy.deepcopy(record)
    try:
        widths, exponent, p = check_dimension._checked(record)
        check.BUDGET.update(work=10**7, kept=10**6)
        weights = check_dimension._matrices(record["weights"], widths, p)
        rows = [check_dimension.gradient(weights, exponent, x, c, p)
                for x, c in zip(record["inputs"], record["covectors"])]
        record["minor"] = check.determinant([[row[i] for i in record["pivots"]] for row in rows], p)
        record["at_most"] = check_dimension.at_most(
            widths, exponent,
            lambda layer: check_dimension._independent(weights[:layer], exponent, record["inputs"], p))
    except (check.Rejected, KeyError, TypeError, ValueError, IndexError, AttributeError, ArithmeticError):
        pass
    return record
