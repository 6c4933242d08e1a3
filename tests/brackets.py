r"""
Brackets expanded by SymPy, and the rank of the Lie algebra that they generate: an oracle that shares nothing with us.
"""
import numpy as np
import sage_conslaw._sage  # noqa: F401  (before any other import from Sage)
import sympy
from sage.matrix.constructor import matrix
from sage.rings.finite_rings.finite_field_constructor import GF

PRIME = 2**31 - 1


def bracket(z, F, G):
    return [
        sympy.expand(sum(f * sympy.diff(b, x) - g * sympy.diff(a, x) for f, g, x in zip(F, G, z))) for a, b in zip(F, G)
    ]


def generated_rank(z, fields):
    r"""Return the rank of the generated Lie algebra at a random point mod p; brackets are expanded symbolically."""
    rng = np.random.default_rng(5)
    point = dict(zip(z, (int(v) for v in rng.integers(1, PRIME, len(z)))))
    field = GF(PRIME)

    def value(vector):
        return [
            field(int(n)) / field(int(d)) for n, d in (sympy.fraction(sympy.Rational(c.subs(point))) for c in vector)
        ]

    basis, values, first = [], [], []
    fields = [list(f) for f in fields]
    waiting = list(fields)
    while waiting:
        word = waiting.pop(0)
        row = value([sympy.sympify(c) for c in word])
        if matrix(field, values + [row]).rank() > len(values):
            values.append(row)
            basis.append(word)
            if word in fields:  # a K(z)-basis of the fields: all of them are taken before any bracket
                first.append(word)
            waiting += [bracket(z, other, word) for other in (first if word not in first else basis)]
    return len(basis)
