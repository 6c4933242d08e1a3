r"""
All polynomial laws up to degree 2 of a large network: one block an orbit, and equations from small subnetworks.

Permuting the values of an index class maps laws to laws and blocks of monomials to blocks, so one block an orbit is
enough: every orbit has a monomial with indices 0 and 1 alone.  Where all parameters outside a subnetwork are zero, a
law of the network is a law of the subnetwork, so each subnetwork gives equations with few terms for the coefficients of
a law.  The kernel of any such equations modulo a prime has at least the dimension of the space of laws; where known
laws fill it, they are all.

- Trivial: blocks whose known laws already fill them need no equation.
- Famous: ``linear 40 30 20 10``: the upper triangles of two matrices, proved to be all by one block a kind.
- One that fails: ``linear 1 2 1`` has quadratic laws besides `U_1^T U_1 - U_2 U_2^T`: the kernel is larger than what is
  known, and nothing is claimed.
"""
import numpy as np

from ..exact import modular
from ..exact.arithmetic import ModularArithmetic
from ..exact.linear_algebra import kernel
from ..exact.sparse_rank import sparse_rank
from ..runtime.errors import InputError
from .star_points import sub_entries
from .symmetries import sign_words

# Pairs of parameters of a subnetwork; those of two neurons a layer in 12 layers have 1200 pairs.
_MOST_PAIRS = 20_000

# Subnetworks of one batch.
_BATCH = 1 << 14

# Neurons beyond those of a monomial that a subnetwork is given before the search for equations ends.
_SPARE_NEURONS = 2

# Beyond this number of orbits of blocks the layers, not the widths, make the problem large.
_MOST_ORBITS = 20_000


def laws_are_all(classes, laws, generator, p, deadline=None):
    r"""
    Prove that the laws span all polynomial laws of degree 1 and 2 of gradient flow, and are independent; ``False`` if
    this fails.

    INPUT:

    - ``laws`` -- polynomials that are proved to be laws, a set that permutations of neurons preserve, each in one block
    """
    words = sign_words(classes, generator)
    by_word = {}
    for law in laws:
        # Each law is in one block: any of its monomials tells which.
        by_word.setdefault(int(np.bitwise_xor.reduce(words[list(next(iter(law)))])), []).append(law)
    order = np.argsort(words, kind="stable")
    for word in _representative_words(classes, words):
        if deadline is not None:
            deadline.check()
        block = _block(words, order, word)
        known = by_word.get(word, [])
        if len(known) > len(block) or _rank_of_laws(known, block, len(words), p) < len(known):
            return False
        missing = len(block) - len(known)
        # Subnetworks that just hold a monomial may have laws of their own (one input, one output): then with neurons to
        # spare.
        if missing and not any(_rank_of_equations(classes, words, block, spare, generator, p, deadline) == missing
                               for spare in range(_SPARE_NEURONS + 1)):
            return False
    return True


def _representative_words(classes, words):
    """Return the words of the blocks of all monomials with small indices: one of each orbit at least."""
    chosen = []
    for number, leaf in enumerate(classes.response.leaves):
        # Two parameters have at most two indices in a class, if no leaf has two axes in it.
        grids = np.meshgrid(
            *(np.arange(min(2 * classes.of[leaf].count(c), n)) for c, n in zip(classes.of[leaf], leaf.shape)),
            indexing="ij",
        )
        chosen.append(classes.starts[number] + np.ravel_multi_index([g.ravel() for g in grids], leaf.shape))
    chosen = words[np.concatenate(chosen)]
    left, right = np.triu_indices(len(chosen))
    both = np.concatenate([chosen, chosen[left] ^ chosen[right]])
    found = np.unique(both)
    if len(found) > _MOST_ORBITS:
        raise InputError(
            f"the quadratic laws of so many layers fall into {len(found)} kinds of blocks; at most {_MOST_ORBITS} are "
            "searched; use count, or fewer layers"
        )
    return found.tolist()


def _block(words, order, word):
    """Return all monomials of degree 1 and 2 with this word, as sorted rows padded with the dimension."""
    # Of each left factor the word of the right one is known: its parameters are a range in the order of words.
    n, ordered = len(words), words[order]
    wanted = words ^ word
    low, high = np.searchsorted(ordered, wanted, "left"), np.searchsorted(ordered, wanted, "right")
    counts = high - low
    left = np.repeat(np.arange(n), counts)
    right = order[np.repeat(low, counts) + np.arange(len(left)) - np.repeat(np.cumsum(counts) - counts, counts)]
    keep = left <= right
    single = np.flatnonzero(words == word)
    return np.concatenate(
        [np.stack([left[keep], right[keep]], axis=1), np.stack([single, np.full_like(single, n)], axis=1)]
    )


def _keys(table, n):
    return table[..., 0] * (n + 1) + table[..., 1]


def _rank_of_laws(laws, block, n, p):
    if not laws:
        return 0
    places = {tuple(row): i for i, row in enumerate(block.tolist())}
    rows, columns, values = [], [], []
    for row, law in enumerate(laws):
        for monomial, value in law.items():
            at = places.get(monomial if len(monomial) == 2 else (*monomial, n))
            if at is None:
                # A law that is not in the block it was put into: nothing is claimed.
                return -1
            rows.append(row)
            columns.append(at)
            values.append(value.numerator * pow(value.denominator, -1, p) % p)
    return sparse_rank(np.array(rows), np.array(columns), np.array(values, dtype=np.int64), p)


def _rank_of_equations(classes, words, block, spare, generator, p, deadline):
    """Return the rank of equations from one subnetwork a monomial of the block."""
    chosen = _chosen_neurons(classes, block, spare)
    small = classes.restricted([indices.shape[1] for indices in chosen])
    n, size = len(words), small.dimension
    left, right = np.triu_indices(size)
    left, right = np.concatenate([np.arange(size), left]), np.concatenate([np.full(size, size), right])
    if len(left) > _MOST_PAIRS:
        return 0
    template = _template(small, left, right, generator, p)
    keys = _keys(block, n)
    by_key = np.argsort(keys)
    rows, columns, values, first = [], [], [], 0
    bases = {}
    # The padding of monomials of degree 1 has the word 0.
    padded = np.append(words, 0)
    word = np.bitwise_xor.reduce(padded[block[0]])
    for start in range(0, len(block), _BATCH):
        if deadline is not None:
            deadline.check()
        places = sub_entries(classes, [indices[start:start + _BATCH] for indices in chosen])
        places = np.hstack([places, np.full((len(places), 1), n)])
        a, b = places[:, left], places[:, right]
        # A law of the block has no other monomials: the equations are read on those of the subnetwork in the block.
        inside = padded[a] ^ padded[b] == word
        pairs = np.stack([np.minimum(a, b), np.maximum(a, b)], axis=-1)
        # Subnetworks with the same monomials have the same equations, by a permutation of neurons.
        patterns, which = np.unique(inside, axis=0, return_inverse=True)
        for number, pattern in enumerate(patterns):
            here, at = np.flatnonzero(which.ravel() == number), np.flatnonzero(pattern)
            key = pattern.tobytes()
            basis = bases[key] = _echelon(template[:, at], p) if key not in bases else bases[key]
            column = by_key[np.searchsorted(keys[by_key], _keys(pairs[here][:, at], n))]
            for equation in basis:
                live = np.flatnonzero(equation)
                rows.append(np.repeat(first + np.arange(len(here)), len(live)))
                columns.append(column[:, live].ravel())
                values.append(np.tile(equation[live], len(here)))
                first += len(here)
    return sparse_rank(*map(np.concatenate, (rows, columns, values)), p, deadline) if rows else 0


def _chosen_neurons(classes, block, spare):
    """Return for each monomial of the block the neurons of a subnetwork that holds it, equally many in each class, and
    spare ones."""
    indices = [[] for _ in classes.sizes]
    for column in block.T:
        for number, leaf in enumerate(classes.response.leaves):
            start, stop = classes.starts[number], classes.starts[number + 1]
            here = (column >= start) & (column < stop)
            if not here.any():
                continue
            along = classes.indices(number, np.where(here, column - start, 0))
            for c, index in zip(classes.of[leaf], along):
                indices[c].append(np.where(here, index, -1))
    out = []
    for c, found in enumerate(indices):
        table = np.sort(np.stack(found, axis=1), axis=1) if found else np.full((len(block), 1), -1)
        # Distinct indices, then the smallest other ones.
        table[:, 1:][table[:, 1:] == table[:, :-1]] = -1
        number = max(1, int((table >= 0).sum(axis=1).max()))
        if c == classes.zero_sum:
            # One output would have no covector.
            number = max(number, min(2, classes.sizes[c]))
        number = min(number + spare, classes.sizes[c])
        table = -np.sort(-table, axis=1)
        table = np.hstack([table, np.full((len(block), number), -1)])[:, :number]
        for place in range(number):
            empty = table[:, place] < 0
            for candidate in range(number):
                free = empty & (table != candidate).all(axis=1)
                table[free, place] = candidate
                empty &= ~free
        out.append(table)
    return out


def _template(small, left, right, generator, p):
    """Return equations for the coefficients of all monomials of degree 1 and 2 of the subnetwork, as many as are needed
    for all."""
    # A draw of a point and data gives one: sum_ab c_ab (theta_a v_b + v_a theta_b) = 0 for a field v.
    A, batch, size = ModularArithmetic(p), len(left) + 2, small.dimension
    theta = modular.random_array(generator, (batch, size), p)
    field = np.broadcast_to(small.gradient(A, theta, small.draw(generator, p, batch)), theta.shape)
    one, zero = np.ones((batch, 1), dtype=np.int64), np.zeros((batch, 1), dtype=np.int64)
    theta, field = np.hstack([theta, one]), np.hstack([field, zero])
    return modular.add(
        modular.multiply(theta[:, left], field[:, right], p), modular.multiply(field[:, left], theta[:, right], p), p
    )


def _echelon(rows, p):
    """Return a reduced basis of the row space: the kernel of the kernel."""
    def dense(vectors):
        out = np.zeros((len(vectors), rows.shape[1]), dtype=np.int64)
        for row, vector in zip(out, vectors):
            row[list(vector)] = list(vector.values())
        return out
    vectors = kernel(rows, p)
    return dense(kernel(dense(vectors), p)) if vectors else np.eye(rows.shape[1], dtype=np.int64)
