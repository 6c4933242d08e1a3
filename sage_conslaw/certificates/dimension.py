r"""
Certificates of dimensions of neurovarieties: written by the package, rechecked by it and by Python alone.

The two checkers share no code for the gradients, the minor and the upper bound: here they are those of the network's
graph, of FLINT and of :mod:`sage_conslaw.structure.neurovariety`, there those of :mod:`sage_conslaw.check_dimension`.
"""
import numpy as np
from flint import nmod_mat

from ..check import Rejected
from ..check_dimension import SCHEMA, verify, words
from ..exact.arithmetic import ModularArithmetic
from ..exact.linear_algebra import independent_rows
from ..exact.modular import random_array
from ..exact.primes import with_lucky_prime
from ..flows import gradient
from ..networks.modern import polynomial
from ..runtime.errors import InputError
from ..structure.neurovariety import dimension_at_most
from .errors import CertificateError


def dimension_certificate(result):
    """Return the certificate of a dimension: weights, inputs and covectors at which the rank is seen, and a minor."""
    if result.power is None:
        raise InputError("certificates of dimensions are for networks.polynomial(widths, power)")
    widths, power = tuple(int(n) for n in result.widths), int(result.power)
    generator = np.random.default_rng(result.seed)

    def run(p):
        parameters = sum(a * b for a, b in zip(widths, widths[1:]))
        theta, more = random_array(generator, (parameters,), p), max(result.dimension, max(widths)) + 2
        x = random_array(generator, (more, widths[0]), p)
        s = random_array(generator, (more, widths[-1]), p)
        rows = _gradients(widths, power, theta, x, s, p)
        # More are drawn than are needed; as many as the dimension says are independent, or the prime is unlucky.
        chosen = independent_rows(rows, p)[:result.dimension]
        pivots = independent_rows(np.ascontiguousarray(rows[chosen].T), p)
        return p, theta, x, s, rows, chosen, pivots
    p, theta, x, s, rows, chosen, pivots = with_lucky_prime(generator, run)
    # The inputs of the rank first; further ones show that outputs of layers are independent functions.
    order = [*chosen, *(i for i in range(len(x)) if i not in set(chosen))]
    return {
        "schema": SCHEMA, "widths": list(widths), "power": power, "prime": int(p),
        "weights": [int(v) for v in theta],
        "inputs": [[int(v) for v in x[i]] for i in order], "covectors": [[int(v) for v in s[i]] for i in chosen],
        "pivots": [int(i) for i in pivots], "minor": _minor(rows[chosen][:, pivots], p),
        "dimension": len(chosen), "at_most": _at_most(widths, power, theta, x[order], p),
    }


def check_dimension(record):
    r"""
    Check a certificate of a dimension with both checkers; return what is proved.

    EXAMPLES::

        sage: from sage_conslaw import certificates, dimension, networks
        sage: record = dimension(networks.polynomial([2, 2, 1], 2), seed=0).certificate()
        sage: record["at_most"] = 2r
        sage: certificates.check_dimension(record)
        Traceback (most recent call last):
        ...
        sage_conslaw.certificates.errors.CertificateError: the dimension is at most 3, not what is stored
    """
    try:
        line = verify(record)
    except Rejected as reason:
        raise CertificateError(str(reason)) from None
    # The schema holds: what is left is to compute the same by other means, the network's graph and FLINT.
    widths, power, p = tuple(record["widths"]), record["power"], record["prime"]
    number = record["dimension"]
    theta, x, s = (np.array(np.array(record[name], dtype=object) % p, dtype=np.int64)
                   for name in ("weights", "inputs", "covectors"))
    rows = _gradients(widths, power, theta, x[:number], s, p)
    if _minor(rows[:, record["pivots"]], p) != record["minor"]:
        raise CertificateError("the checkers disagree about the minor; please report the file")
    if words(widths, power, number, _at_most(widths, power, theta, x, p)) != line:
        raise CertificateError("the checkers disagree about the bound; please report the file")
    return line


def _gradients(widths, power, theta, x, s, p):
    family = gradient().family(polynomial(list(widths), power).response())
    data = {leaf: x if leaf.kind == "input" else s for leaf in family.response.data_leaves}
    return np.broadcast_to(family.control(ModularArithmetic(p), theta, data), (len(x), len(theta)))


def _minor(rows, p):
    return int(nmod_mat(len(rows), len(rows), [int(v) for v in rows.ravel()], p).det())


def _at_most(widths, power, theta, x, p):
    """Return the upper bound, with the independence of layers at the same inputs."""
    def seen(layer):
        size = widths[layer]
        number = sum(a * b for a, b in zip(widths[:layer], widths[1:layer + 1]))
        response = polynomial(list(widths[:layer + 1]), power).response()
        leaf = next(leaf for leaf in response.data_leaves if leaf.kind == "input")
        points = x[:size + 2]
        other = {leaf: np.ones((len(points), *leaf.shape), dtype=np.int64) for leaf in response.data_leaves}
        values = response.forward(ModularArithmetic(p), theta[:number], {**other, leaf: points})
        outputs = values[response.pairings[0][0]].reshape(len(points), size)
        return len(independent_rows(np.ascontiguousarray(outputs.T), p)) == size
    # Layers between which all matrices, or rotations, act; elsewhere scalings do, and nothing needs to be independent.
    hidden = [n for n in range(1, len(widths) - 1) if power == 1 or power == 2 and widths[n + 1] == 1]
    return dimension_at_most(widths, power, {layer: seen(layer) for layer in hidden})
