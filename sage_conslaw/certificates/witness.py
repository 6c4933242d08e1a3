r"""
Draws that show the rank: elements of the Lie algebra whose values at a point are independent modulo a prime.

The search is run once more with every random choice written down.  An element is a *word* of letters (controls
and drift, possibly pushed along the drift's exact flow), or a field pushed along a *path* of exact flows.
"""
from flint import nmod_mat
import numpy as np

from ..exact.arithmetic import Dual, DualArithmetic, ModularArithmetic
from ..exact.linear_algebra import independent_rows
from ..exact.primes import random_prime
from ..fields.bracket import bracket, given_field

# Draws are small integers, so that certificates stay short; a rank that falls short at one is drawn anew,
# with numbers twice as long, until they are as long as the prime.
_FIRST_BITS = 7

# A minor of this size takes the plain checker seconds; modulo a prime of 30 bits a fifth of the time.
_LARGE_MINOR = 400


def prime_for(size, generator):
    """Return a random prime for a minor of some size."""
    return random_prime(generator, 30) if size > _LARGE_MINOR else random_prime(generator)


def rank_witness(family, rank, generator):
    """Return a record of prime, point and draws that show the given rank."""
    p = prime_for(rank, generator)
    # The rank is proved already, so draws that show it exist; short ones are tried first, as each is in the file.
    bits = _FIRST_BITS
    while bits < 2 * p.bit_length():
        high = min(1 << bits, p)
        draw = Draws(family, generator, high)
        # Paths where a control is a shear: values at the end of a flow, in place of brackets that cost 3^depth.
        find = path_witness if family.exact_flow is not None and family.shears else _words
        found = find(family, rank, draw, p)
        if found is not None:
            record, values = found
            pivots = independent_rows(values.T, p)
            return {"prime": p, "rank": rank, **record, "pivots": pivots, "minor": determinant(values[:, pivots], p)}
        bits *= 2
    raise ArithmeticError(f"no draws were found that show the rank {rank}; use another seed")


def determinant(square, p):
    """Return the determinant of a square array modulo ``p``; 1 if it is empty."""
    if not len(square):
        return 1
    return int(nmod_mat(len(square), len(square), np.ascontiguousarray(square).ravel().tolist(), p).det())


class Draws:
    """Random choices as plain integers."""

    def __init__(self, family, generator, high):
        self.family, self.generator, self.high = family, generator, high

    def numbers(self, size):
        return [int(x) for x in self.generator.integers(0, self.high, size=size)]

    def step(self):
        return 2 + int(self.generator.integers(0, max(1, self.high - 2)))

    def control(self):
        """Return the data of a control."""
        family = self.family
        return {"data": family.data_from_numbers(None, self.numbers(family.data_size)) if family.has_controls else []}

    def letter(self, pushed):
        """Return a letter: the data of a control, a weight where there is a drift, and a step if it is pushed."""
        family, out = self.family, self.control()
        if family.drift is not None:
            out["weight"] = self.numbers(1)[0]
        if pushed:
            out["step"] = self.step()
        return out


def _words(family, rank, draw, p):
    """Return words of growing length until the rank is reached, or ``None`` if it stops growing."""
    A, n = ModularArithmetic(p), family.dimension
    z = np.array(draw.numbers(n), dtype=np.int64)
    pushed = family.exact_flow is not None and family.has_controls
    words, values, depth, idle = [], np.zeros((0, n), dtype=np.int64), 0, 0
    while len(words) < rank and idle < 2:
        missing = rank - len(words)
        batch = [[draw.letter(pushed) for _ in range(depth + 1)] for _ in range(missing)]
        drawn = np.broadcast_to(word_field(family, batch, p)(A, z), (missing, n))
        stack = np.concatenate([values, drawn])
        kept = independent_rows(stack, p)
        gained = len(kept) - len(words)
        words = [(words + batch)[i] for i in kept]
        values = stack[kept]
        idle = idle + 1 if gained == 0 else 0
        # Where all of a batch count, the next of this length may too: longer words only when shorter ones are used up.
        if gained < missing:
            depth += 1
    if len(words) < rank:
        return None
    return {"kind": "words", "point": z.tolist(), "words": words}, values


def word_field(family, words, p):
    """Return several words of one length, given by their letters, as one field with a batch axis."""
    fields = [given_field(family, [word[i] for word in words], p) for i in range(len(words[0]))]
    word = fields[-1]
    for field in reversed(fields[:-1]):
        word = bracket(field, word)
    return word


def path_witness(family, rank, draw, p):
    """Return a path and the fields taken at its points, with their values, or ``None`` if the rank stops growing."""
    A, n = ModularArithmetic(p), family.dimension
    start = z = np.array(draw.numbers(n), dtype=np.int64)
    tangents, owners, path, idle = np.zeros((0, n), dtype=np.int64), [], [], 0
    while True:
        letters = [draw.letter(False) for _ in range(min(rank - len(tangents), family.dimension))]
        values = np.broadcast_to(given_field(family, letters, p)(A, z), (len(letters), n))
        stack = np.concatenate([tangents, values])
        kept = independent_rows(stack, p)
        idle = idle + 1 if len(kept) == len(tangents) else 0
        owners = owners + [(len(path), letter) for letter in letters]
        owners = [owners[i] for i in kept]
        tangents = stack[kept]
        if len(tangents) == rank:
            break
        # Three steps without gain: the orbit's tangent space is likely spanned, or the numbers are too small.
        if idle == 3:
            return None
        step = {"step": draw.step(), **draw.control()}
        path.append(step)
        z, tangents = walk(family, step, z, tangents, p)
    fields = [[letter for at, letter in owners if at == i] for i in range(len(path) + 1)]
    return {"kind": "path", "point": start.tolist(), "path": path, "fields": fields}, tangents


def walk(family, step, z, tangents, p):
    """Move a point and tangent vectors along one step of a path: the drift's exact flow, then a control's shear."""
    duals = DualArithmetic(ModularArithmetic(p))
    moved = family.drift_flow(duals, p, Dual(z, tangents), step["step"] % p)
    data = family.data_from_numbers(p, [step["data"]])
    # A shear adds the control's value, and its derivative to the tangents: duals carry both through.
    moved = duals.add(moved, family.control(duals, moved, data))
    return moved.real.reshape(len(z)), np.broadcast_to(moved.infinitesimal, tangents.shape)
