r"""
Groups of parameters: arrays that are trained at rates of their own, decay at rates of their own, or are frozen.

Rates are a constant diagonal metric, `\theta_i' = -r_i\, \partial_i E`: `|u|^2 - |v|^2` for a product becomes
`|u|^2 / r_u - |v|^2 / r_v`. Different decays are a drift `-\lambda_i \theta_i`: a law is kept, times an exponential,
only within what decays alike.  A frozen array has the rate 0, and each of its entries is a law.
"""
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from math import gcd, lcm

from ..exact import terms as sparse
from ..runtime.errors import InputError, first_few

ONE = Fraction(1)


@dataclass(frozen=True, repr=False)
class Groups:
    """
    Rates and decays, one an array of parameters.

    - ``names`` -- the names of the arrays, or ``None``: by position

    - ``sizes`` -- how many entries each has, or ``None``: not known

    - ``rates`` -- rationals, 0 for a frozen array; ``decays`` -- rationals
    """

    names: object
    sizes: object
    rates: tuple
    decays: tuple

    def __repr__(self):
        shown = first_few(self.rates)
        decays = first_few(self.decays)
        parts = [f"rates {shown}"] if len(set(self.rates)) > 1 else []
        parts += [f"weight decays {decays}"] if len(set(self.decays)) > 1 else []
        return " and ".join(parts) or "equal groups"

    def arranged(self, response, common=Fraction(0)):
        """Return the rate and the decay of each coordinate; ``common`` times its rate is added to every decay."""
        arrays = arrays_of(response)
        known = [name for name, _ in arrays]
        # By name where the names are the network's, else by position where the sizes agree: nothing else tells which is
        # which.
        if self.names is not None and set(self.names) == set(known):
            order = [self.names.index(name) for name in known]
        elif len(self.rates) == len(arrays) and (
            self.sizes is None or list(self.sizes) == [size for _, size in arrays]
        ):
            order = range(len(arrays))
        else:
            raise InputError(
                f"the optimiser has {_arrays(self.names, len(self.rates))} and the network "
                f"{len(arrays)} ({first_few(known)}); give the names of the network's parameters"
            )
        # The common decay is part of the gradient, so that an array has it at its own rate; its own decay is in the
        # flow's time already.
        rates, decays = [], []
        for place, (_, size) in zip(order, arrays):
            rates += [self.rates[place]] * size
            decays += [self.decays[place] + common * self.rates[place]] * size
        return rates, decays


def arrays_of(response):
    """Return names and sizes of the arrays of a response; of polynomials each parameter is one."""
    leaves = getattr(response, "leaves", None)
    return [(name, 1) for name in response.names] if leaves is None else [(leaf.name, leaf.size) for leaf in leaves]


def _arrays(names, number):
    words = "" if names is None else f" ({first_few(names)})"
    return f"{number} array{'s' if number != 1 else ''}{words}"


def rated(entries, rates):
    """Return a metric's entries (``None`` for the identity) with each row times its rate; frozen rows are left out."""
    entries = [(i, i, {(): ONE}) for i in range(len(rates))] if entries is None else entries
    # diag(rates) M: a rate multiplies what moves the parameter, not the gradient that it reads.
    return [(i, j, sparse.scaled(terms, rates[i])) for i, j, terms in entries if rates[i]]


def common_rate(decays):
    """Return the largest rational of which every decay is a multiple; 0 if there is none."""
    moving = {decay for decay in decays if decay}
    if not moving:
        return Fraction(0)
    return Fraction(
        reduce(gcd, (decay.numerator for decay in moving)), reduce(lcm, (decay.denominator for decay in moving))
    )


def unused(name, taken):
    """Return a name that is not taken, with underscores added where it is."""
    while name in taken:
        name += "_"
    return name


def fresh(prefix, names, taken):
    """Return the names with a prefix, none of which is taken or occurs twice."""
    # A velocity may be called as a parameter is: dx beside x.
    taken, out = set(taken), []
    for name in names:
        out.append(unused(prefix + name, taken))
        taken.add(out[-1])
    return out
