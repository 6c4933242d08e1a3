r"""
What a problem says of a layered network of any width, and its laws, which small widths decide.

A term of the derivative of a law has the neurons of one path and at most one more of a layer: three a layer decide it
for all widths.  The trivial case has one layer and no law; the famous one is ``relu 784 512 10``, 512 laws from a
network of three neurons a layer; a softmax of one output is constant, and refused.
"""
import hashlib
from fractions import Fraction

from ..flows.flow import Flow
from ..networks.catalog import by_name
from .errors import BeyondLimits, CertificateError
from .graph_record import data_places, user_nodes

KINDS = {"relu": "star", "linear": "chains"}

# Parameters of the small networks: rows of that length, as many of them, are ranked in half a second.
MAX_SMALL = 1500

# Neurons of one layer that a term of a law's derivative can touch.
_TOUCHED = 3


def number(p, *label):
    """Return the number modulo ``p`` that belongs to a label: no certificate chooses its own."""
    return int.from_bytes(hashlib.sha256("/".join(map(str, label)).encode()).digest(), "big") % p


class Layers:
    """What a problem says of a layered network: true widths, without the output that cross-entropy leaves still."""

    def __init__(self, problem):
        name, sizes, options = problem.get("architecture"), problem.get("sizes"), problem.get("options")
        plain = {"name": "gradient", "decay": "0", "metric": "euclidean"}
        if name not in KINDS or problem["flow"] != plain or options not in ({}, {"bias": 1}):
            raise CertificateError("certificates of any width are of relu and linear under euclidean gradient flow")
        if len(sizes) < 2 or name == "linear" and options:
            raise CertificateError(f"{name} with these sizes and options is no network")
        self.name, self.sizes, self.bias, self.loss = name, sizes, bool(options), problem["loss"]
        self.widths, self.still = list(sizes), 0
        # The covector sums to zero: in other coordinates of the output the last entry is zero and the others are free,
        # and what feeds the last one, a sum of each row, never moves.
        if self.loss == "cross-entropy":
            self.widths[-1] -= 1
            self.still = sizes[-2]
            if not self.widths[-1]:
                raise CertificateError("the softmax of one output is constant: there is nothing to check at any width")
        self.dimension = sum(a * b for a, b in zip(sizes, sizes[1:])) + (sum(sizes[1:-1]) if self.bias else 0)

    @property
    def kind(self):
        """How the rank is proved."""
        return KINDS[self.name]

    def network(self, widths):
        """Return the network with these widths."""
        small = sum(a * b for a, b in zip(widths, widths[1:]))
        if small > MAX_SMALL:
            raise BeyondLimits(f"a small network of {small} parameters is beyond the limit of {MAX_SMALL}")
        return by_name(self.name, widths, **({"bias": True} if self.bias else {}))

    def small(self, widths, loss="least-squares"):
        """Return the family at these widths, and the places of a letter's data in the order of the layers."""
        network = self.network(widths)
        response = network.response(loss)
        return Flow("gradient", metric="euclidean").family(response), data_places(
            network, user_nodes(network), response
        )

    def law_names(self):
        """Return the laws as text."""
        out, last = [], len(self.sizes) - 1
        for l in range(1, last):
            bias = f" + b{l} b{l}^T" if self.bias else ""
            part = "upper triangle" if self.name == "linear" else "diagonal"
            out.append(f"the {part} of U{l}^T U{l}{bias} - U{l + 1} U{l + 1}^T")
        return out + ([f"the sums of the rows of U{last}"] if self.loss == "cross-entropy" else [])

    def laws(self, widths, places):
        """Return the laws at these widths: pairs of the neurons (layer, j, k) and the polynomial."""
        def place(leaf, *index):
            return places.get("_".join([leaf, *(str(i + 1) for i in index)]), places.get(leaf))
        for l in range(1, len(widths) - 1):
            for j in range(widths[l]):
                for k in range(j, widths[l]) if self.name == "linear" else [j]:
                    terms = {}
                    pairs = [(place(f"U{l}", i, j), place(f"U{l}", i, k), 1) for i in range(widths[l - 1])]
                    pairs += [(place(f"U{l + 1}", j, i), place(f"U{l + 1}", k, i), -1) for i in range(widths[l + 1])]
                    pairs += [(place(f"b{l}", j), place(f"b{l}", j), 1)] if self.bias else []
                    for a, b, sign in pairs:
                        terms[tuple(sorted((a, b)))] = Fraction(sign)
                    yield (l, j, k), terms


def check_laws(layers):
    """Check that the laws are conserved, by polynomial identities in the network of three neurons a layer."""
    # Permuting neurons maps terms to terms, so a term that any width has is there, with its coefficient, at three.
    widths = [min(n, _TOUCHED) for n in layers.sizes]
    family, _ = layers.small(widths, layers.loss)
    places = {name: i for i, name in enumerate(family.names)}
    laws = [law for _, law in layers.laws(widths, places)]
    if layers.loss == "cross-entropy":
        last = len(widths) - 1
        laws += [{(places[_entry(family, last, j, k)],): Fraction(1) for k in range(widths[-1])}
                 for j in range(widths[-2])]
    if not all(family.conserved(laws)):
        raise CertificateError("a law is not conserved in the network of three neurons a layer")


def _entry(family, l, i, j):
    name = f"U{l}_{i + 1}_{j + 1}"
    return name if name in family.names else f"U{l}"


def ends(name):
    """Return the layer of a parameter's entry, and its neurons: pairs (layer, number from zero)."""
    leaf, *index = name.split("_")
    l, index = int(leaf[1:]), [int(i) - 1 for i in index] or [0] * (2 if leaf[0] == "U" else 1)
    return [(l - 1, index[0]), (l, index[1])] if leaf[0] == "U" else [(l, index[0])]
