r"""
Upper bounds for the dimension of a neurovariety, the set of maps that a network with activation `z^r` can express.

Cut a network of widths `d_0, ..., d_L` at a hidden layer `l`: its maps are `G \circ \sigma \circ H`.  Five facts bound
the dimension `B(0, L)`:

1. *Ambient space.*  An output is a form of degree `r^{L-1}` in `d_0` variables, one of `A = \binom{d_0 + r^{L-1} -
   1}{r^{L-1}}` dimensions, and they span at most `q = \min(d_{L-1}, d_L, A)`: `B \le q (d_L + A - q)`.
2. *Scalings.*  `H \to D H`, `G \to G D^{-r}` gives the same map for each of the `d_l` hidden neurons:
   `B(0, L) \le B(0, l) + B(l, L) - d_l`.
3. *Rotations.*  For squares and one output after them, the map is a quadratic form in `H`, diagonal in `d_l`
   coordinates; the matrices that keep it diagonal form an orbit of dimension `d_l + d_l (d_l - 1) / 2`.  They act
   freely where the components of `H` are independent.

   For `r = 1` all invertible matrices act: `d_l^2`.
4. *Singular forms.*  With one hidden layer of `k` neurons, what is orthogonal to the gradients is the space of forms of
   bidegree `(r, 1)` in `d_0` and `d_2` variables that are singular at `k` points (Terracini).  Products of two forms
   that vanish there are: of the `\alpha` independent ones of bidegree `(a, 0)` and the `\beta` of bidegree
   `(r - a, 1)`, at least `\alpha + \beta - 1` are independent (Hopf).  Three cases more, one dimension each:

   - 5, 7, 1 with cubes: seven points in `P^4` lie on a rational normal curve, and the cubic of its chords is singular
     along it.  With it these are all exceptions of Alexander and Hirschowitz.
   - 4, 5, 3 with squares: let the points be `e_1, ..., e_4` and their sum, with `v_1, ..., v_5` in three variables.
     For an antisymmetric `C` with `\sum_j C_{ij} v_j = c_i v_5` (modulo `v_5` the `v_j` span a plane in four
     dimensions, whose dual `C` is) the form `\sum_{ij} C_{ij} \det(v_i, v_j, y) x_i x_j` is singular at all five: at
     the fifth its derivatives are `\det(v_i, c_i v_5, v_5)` in `x_i` and `(\sum_i c_i v_i) \times v_5` in `y`, and
     `\sum_i c_i v_i = 0` modulo `v_5` as `C` is antisymmetric.
   - 4, 6, 5 with squares: six points in `P^3` lie on a twisted cubic.  The quadrics orthogonal to the outputs are a
     space of dimension five; three contain the cubic, and on it the others are a pencil of divisors of degree six, each
     of which would do as well as the first one: one dimension less than the scalings leave.
5. *Hypersurfaces.*  For `d_l = d_0 + 1` the point `\sigma(H(x))` moves on a hypersurface of degree at most
   `\delta = r^{l (d_0 - 1)}`: the image of `P^{d_0 - 1}` under forms of degree `r^l`.  Tails of degree `m` that differ
   by a multiple of its equation agree, so that `B(0, L) \le B(0, l) - d_l + d_L (\binom{m + d_0}{m} -
   \binom{m - \delta + d_0}{d_0})`: for 3, 4, 8, 10, 1 four squares lie on Steiner's surface, of degree four.

Examples, for squares: 5, 5, 3, 1 has 43 parameters and 8 scalings, 35; the rotations of the last hidden layer leave 32,
and a rank modulo a prime shows that 32 is reached.  2, 1, 8, 1 has one neuron that everything passes: 2 + 1 - 1 = 2.
Where the bounds do not meet the rank, nothing is proved from above.
"""
from functools import cache
from math import comb


def ambient_dimension(widths: tuple, power: int) -> int:
    """Return the dimension of the space of all maps of the network's degree."""
    degree = power ** (len(widths) - 2)
    return widths[-1] * comb(widths[0] + degree - 1, degree)


def expected_dimension(widths: tuple, power: int) -> int:
    """Return the number of parameters minus scalings, or the ambient dimension where that is smaller."""
    parameters = sum(a * b for a, b in zip(widths, widths[1:]))
    return min(parameters - sum(widths[1:-1]), ambient_dimension(widths, power))


# By (inputs, hidden neurons, outputs, power): curves through the points, and an antisymmetric matrix, as told above.
_CURVES = {(5, 7, 1, 3): 34, (4, 5, 3, 2): 29, (4, 6, 5, 2): 47}


def _one_hidden_layer(n: int, k: int, outputs: int, power: int) -> int:
    """Return a bound from the forms of bidegree (power, 1) that are singular at k points."""
    # Fact 4: the ambient dimension, less the singular forms that Hopf's lemma guarantees.
    best = outputs * comb(n - 1 + power, power)
    for a in range(1, power):
        alpha = comb(n - 1 + a, a) - k
        beta = outputs * comb(n - 1 + power - a, power - a) - k
        if alpha > 0 and beta > 0:
            best = min(best, outputs * comb(n - 1 + power, power) - (alpha + beta - 1))
    return min(best, _CURVES.get((n, k, outputs, power), best))


def _tails(widths: tuple, cut: int, power: int) -> int:
    """Return the dimension of the space of all tails behind a cut, on the image of what is before it, at most."""
    n, degree = widths[0], power ** (len(widths) - 2 - cut)
    space = comb(degree + widths[cut] - 1, degree)
    equation = power ** (cut * (n - 1))
    if widths[cut] == n + 1 and equation <= degree:
        # Fact 5: multiples of the hypersurface's equation vanish on the image.
        space -= comb(degree - equation + n, n)
    return widths[-1] * space


def dimension_at_most(widths: tuple, power: int, independent) -> int:
    r"""
    Return the smallest upper bound that the five facts give.

    - ``independent`` -- for each hidden layer, by its number, whether its components are known to be linearly
      independent functions of the input at generic parameters; needed for powers 1 and 2
    """
    @cache
    def bound(first, last):
        here = widths[first:last + 1]
        space = ambient_dimension(here, power) // here[-1]
        spanned = min(here[-2], here[-1], space)
        # Fact 1: a Grassmannian of `spanned`-dimensional spaces of forms, and the outputs in one of these.
        best = spanned * (here[-1] + space - spanned)
        if len(here) == 3:
            best = min(best, _one_hidden_layer(*here, power))
        for cut in range(first + 1, last):
            # The components of the layer are independent as functions of the input; then they are as functions of a
            # later layer.
            size, group = widths[cut], widths[cut]
            if power == 1 and independent[cut]:
                group = size * size
            if power == 2 and cut + 1 == last and widths[last] == 1 and independent[cut]:
                group = size + size * (size - 1) // 2
            best = min(best, bound(first, cut) + bound(cut, last) - group,
                       bound(first, cut) + _tails(here, cut - first, power) - size)
        return best
    return bound(0, len(widths) - 1)
