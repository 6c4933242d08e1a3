r"""
The option ``--formula`` of the command ``count``: letters in place of widths.

Each letter stands for a prime that nothing else is, the number of laws is proved at these widths, and is read as a
formula in the letters.
"""
import itertools
import math
import re

import click

from ..runtime.errors import InputError
from . import package

# Larger than the small networks from which the numbers grow, and no common size of anything else; the first sizes are
# the largest, as models are wider than their heads, and options are small.
_SIZES, _OPTIONS = (61, 31, 23, 19, 17, 13, 11), (7, 5, 3)

# For linear networks: with the first list a width may be more than those beside it together, with the second none is.
_ORDERS = ((61, 31, 23, 19, 17, 13, 11), (61, 53, 43, 37, 31, 23, 19))

# Letters up to which all orders of these are tried: twelve numbers, a second or two.
_MOST_PERMUTED = 3

# What takes the place of a size, or of an option, that divides a number that is given.
_SPARE, _MORE_OPTIONS = (67, 37, 29, 41, 43, 47, 53), (13, 11, 17, 19)

_LETTER = re.compile("[A-Za-z][A-Za-z0-9_]*")
_NUMBER = re.compile("[1-9][0-9]*")


def with_numbers(sizes, settings):
    """
    Return sizes and settings with numbers for letters, in the order in which to try them, with the numbers of the
    letters.

    Further tries make sizes multiples of the letters and numbers in settings, as heads divide a width, and of two; then
    the first sizes are the smallest, and the first letter in settings is a multiple of the others.
    """
    given = [word.partition("=")[2] for word in settings]
    factors = [factor for word in sizes for factor in word.split("*")]
    options = [word for word in dict.fromkeys(given) if _LETTER.fullmatch(word) and (len(word) == 1 or word in factors)]
    in_sizes = [word for word in dict.fromkeys(factors) if _LETTER.fullmatch(word) and word not in options]
    if len(in_sizes) > len(_SIZES) or len(options) > len(_OPTIONS):
        raise InputError(
            f"{len(in_sizes)} letters for sizes and {len(options)} for options; at most {len(_SIZES)} "
            f"and {len(_OPTIONS)} are told apart"
        )
    # A prime that divides a number which is given could be read off either: letters get primes that divide none.
    known = given_numbers(sizes, settings)
    free = [prime for prime in (*_OPTIONS, *_MORE_OPTIONS) if all(n % prime for n in known)]
    small = (free + [prime for prime in _OPTIONS if prime not in free])[:len(options)]
    spare = iter(prime for prime in _SPARE if all(n % prime for n in known))
    primes = [prime if prime not in small and all(n % prime for n in known) else next(spare, prime)
              for prime in _SIZES[:len(in_sizes)]]
    heads = math.lcm(1, *(int(word) for word in given if _NUMBER.fullmatch(word) and int(word) < 100))
    # Widths that divide nothing are refused where heads must divide them; multiples of all letters are not, but make
    # formulas that could as well be in quotients, so they come last.
    tries = []
    for order, few in ((primes, 1), (primes[::-1], 1), (primes, math.prod(small[1:]))):
        letters = dict(zip(options, (n * few if n == small[0] else n for n in small)))
        factor = math.lcm(heads, *letters.values())
        for times in (1, factor, 2 * factor) if factor > 1 else (1,):
            numbers = {**letters, **{letter: prime * times for letter, prime in zip(in_sizes, order)}}
            numbers |= {word: int(_product(word, numbers)) for word in sizes if "*" in word
                        and _NUMBER.fullmatch(_product(word, numbers))}
            tries.append((tuple(_product(word, numbers) for word in sizes),
                          tuple(word.partition("=")[0] + "=" + _product(word.partition("=")[2], numbers)
                                if "=" in word else word for word in settings), numbers))
    return list({try_[:2]: try_ for try_ in tries}.values())


def given_numbers(sizes, settings):
    """Return the numbers among sizes and settings, and those by which letters are multiplied."""
    words = [*sizes, *(word.partition("=")[2] for word in settings)]
    return {int(factor) for word in words for factor in word.split("*") if _NUMBER.fullmatch(factor)}


def _product(word, numbers):
    """Return a word with numbers for its letters, multiplied if it is a product."""
    factors = [str(numbers.get(factor, factor)) for factor in word.split("*")]
    if len(factors) > 1 and all(_NUMBER.fullmatch(factor) for factor in factors):
        return str(math.prod(map(int, factors)))
    return "*".join(factors)


def names(numbers):
    """Return how sizes are written: letters, quotients and products of two of them, and quotients by small numbers."""
    SR = package.symbolic_ring()
    letters = {n: math.prod(SR(int(one)) if _NUMBER.fullmatch(one) else SR.var(one) for one in word.split("*"))
               for word, n in reversed(numbers.items())}
    # Later entries win: products and quotients of letters say more than quotients by numbers, and letters most.
    out = {n // m: a / m for n, a in letters.items() for m in range(2, 100) if n % m == 0 and n // m > m}
    for n, a in letters.items():
        for m, b in letters.items():
            if n != m and n % m == 0:
                out[n // m] = a / b
            if n < m:
                out[n * m] = a * b
    out |= {n // 2: a / 2 for n, a in out.items() if n % 2 == 0 and n // 2 not in out}
    return out | letters


def _written(counted, numbers):
    """Return how the sizes of a formula are written: what is no letter is a number."""
    SR, letters = package.symbolic_ring(), names(numbers)
    return {n: letters.get(n, SR(n)) for n in counted.sizes()}


def _clash(written, result, sizes, settings):
    """Return a number that a letter stands for, and that is also one that was given or an option's default."""
    # `attention D 7 --set heads=h`: were h the prime 7, a 7 in the number could be either, and h^3 + h^2 was printed
    # for 56 h.
    told = {word.partition("=")[0] for word in settings}
    given = given_numbers(sizes, settings) | {
        value for name, value in result.options
        if name not in told and isinstance(value, int) and not isinstance(value, bool)
    }
    return next((n for n, name in written.items() if n in given and str(name) != str(n)), None)


def lines(result, numbers, sizes=(), settings=()):
    """
    Return the lines to print, and the keys for JSON: the formula and from which widths on it is proved; ``sizes`` and
    ``settings`` are as they were given.
    """
    # A number that is only bounded at the sizes tried is no value of a formula.
    counted = result.polynomial_in_sizes()
    if result.status == "bounded":
        return [f"no formula: the number is between {result.laws_at_least} and {result.number} at the sizes tried"], {
            "formula": None
        }
    if counted is None:
        return ["no formula is proved for these widths" + "".join(f"; {words}" for words in result.blame)], {
            "formula": None
        }
    written = _written(counted, numbers)
    clash = _clash(written, result, sizes, settings)
    if clash is not None:
        return [f"no formula: {clash} would be {written[clash]}, and is a number of the network"], {"formula": None}
    formula, where = counted.expression(written), counted.where(written)
    return [sentence(formula, where)], {"formula": str(formula), "formula_where": list(where)}


def sentence(formula, where):
    """Return a formula and its conditions as text."""
    return f"{formula} {'law' if str(formula) == '1' else 'laws'}, proved for {', '.join(where) or 'all widths'}"


def pieces(build, count, sizes, numbers):
    """
    Return the formulas of a linear network for other orders of its widths, as pairs of formula and conditions; each is
    proved where its conditions hold.
    """
    letters, found = [word for word in numbers if "*" not in word], {}
    several = [order for primes in _ORDERS for order in (primes[:len(letters)], primes[:len(letters)][::-1])]
    if len(letters) <= _MOST_PERMUTED:
        several = dict.fromkeys(order for primes in several for order in itertools.permutations(primes))
    # Each order of the primes stands for an order of the widths, and lies in one piece.
    for order in several:
        here = dict(zip(letters, order))
        if len(here) < len(letters):
            break
        result = count(build([_product(word, here) for word in sizes], []))
        counted = result.polynomial_in_sizes()
        # An order whose number has no formula says nothing of the others.
        if counted is None:
            continue
        written = _written(counted, here)
        if _clash(written, result, sizes, ()) is None:
            piece = counted.expression(written), counted.where(written)
            found.setdefault((str(piece[0]), *sorted(piece[1])), piece)
    return list(found.values())


def counted(build, count, sizes, settings):
    """Return the result at the numbers that stand for letters, and these numbers."""
    refused = found = None
    for sizes_here, settings_here, numbers in with_numbers(sizes, settings):
        # Refused numbers may be refused letters (heads that do not divide); the last reason is said if none fits.
        try:
            data = build(sizes_here, settings_here)
        except InputError as error:
            refused = error
            continue
        found = count(data), numbers
        if getattr(found[0], "counted", True) is not None:
            break
    if found is None:
        raise click.UsageError(str(refused))
    return found
