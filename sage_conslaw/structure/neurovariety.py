r"""
Upper bounds for the dimension of a neurovariety, the set of maps that a network with activation `z^r` can express.

Cut a network of widths `d_0, ..., d_L` at a hidden layer `l`: its maps are `G \circ \sigma \circ H`.  Three facts bound
the dimension `B(0, L)`:

1. *Ambient space.*  An output is a form of degree `r^{L-1}` in `d_0` variables:
   `B \le d_L \binom{d_0 + r^{L-1} - 1}{r^{L-1}}`.
2. *Scalings.*  `H \to D H`, `G \to G D^{-r}` gives the same map for each of the `d_l` hidden neurons:
   `B(0, L) \le B(0, l) + B(l, L) - d_l`.
3. *Rotations.*  For squares and one output after them, the map is a quadratic form in `H`, diagonal in `d_l`
   coordinates; the matrices that keep it diagonal form an orbit of dimension `d_l + d_l (d_l - 1) / 2`.  They act
   freely where the components of `H` are independent.

   For `r = 1` all invertible matrices act: `d_l^2`.

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


def dimension_at_most(widths: tuple, power: int, independent) -> int:
    r"""
    Return the smallest upper bound that the three facts give.

    - ``independent`` -- for each hidden layer, by its number, whether its components are known to be linearly
      independent functions of the input at generic parameters; needed for powers 1 and 2
    """
    @cache
    def bound(first, last):
        here = widths[first:last + 1]
        best = ambient_dimension(here, power)
        for cut in range(first + 1, last):
            # The components of the layer are independent as functions of the input; then they are as functions of a
            # later layer.
            size, group = widths[cut], widths[cut]
            if power == 1 and independent[cut]:
                group = size * size
            if power == 2 and cut + 1 == last and widths[last] == 1 and independent[cut]:
                group = size + size * (size - 1) // 2
            best = min(best, bound(first, cut) + bound(cut, last) - group)
        return best
    return bound(0, len(widths) - 1)
