r"""
The option ``--formula`` of the command ``count``: letters in place of widths.

Each letter stands for a prime that nothing else is, the number of laws is proved at these widths, and is read as a
formula in the letters.
"""
import re

import click

from ..runtime.errors import InputError
from . import package

# Larger than the small networks from which the numbers grow, and no common size of anything else; the first sizes are
# the largest, as models are wider than their heads, and options are small.
_SIZES, _OPTIONS = (61, 31, 23, 19, 17, 13, 11), (7, 5, 3)

_LETTER = re.compile("[A-Za-z][A-Za-z0-9_]*")


def with_numbers(sizes, settings):
    r"""
    Return sizes and settings with numbers for letters, in the order in which to try them, with the numbers of the
    letters.

    Every second try makes sizes multiples of the letters in settings, as heads divide a width; then the first sizes are
    the smallest.

    EXAMPLES::

        sage: from sage_conslaw.cli.letters import with_numbers
        sage: [(sizes, settings) for sizes, settings, _ in with_numbers(["D", "H"], ["heads=h"])]
        [(('61', '31'), ('heads=7',)), (('427', '217'), ('heads=7',)), (('31', '61'), ('heads=7',)), (('217', '427'),
        ('heads=7',))]
    """
    values = [word.partition("=")[2] for word in settings]
    in_sizes = list(dict.fromkeys(word for word in sizes if _LETTER.fullmatch(word)))
    options = [word for word in dict.fromkeys(values) if len(word) == 1 and word.isalpha() and word not in in_sizes]
    if len(in_sizes) > len(_SIZES) or len(options) > len(_OPTIONS):
        raise InputError(
            f"{len(in_sizes)} letters for sizes and {len(options)} for options; at most {len(_SIZES)} "
            f"and {len(_OPTIONS)} are told apart"
        )
    letters = dict(zip(in_sizes, _SIZES)) | dict(zip(options, _OPTIONS))
    factor = 1
    for letter in options:
        factor *= letters[letter]
    tries = []
    for order in (_SIZES[:len(in_sizes)], _SIZES[:len(in_sizes)][::-1]):
        for times in (1, factor) if factor > 1 else (1,):
            numbers = {**letters, **{letter: prime * times for letter, prime in zip(in_sizes, order)}}
            tries.append(
                (
                    tuple(str(numbers.get(word, word)) for word in sizes),
                    tuple(
                        f"{word.partition('=')[0]}={numbers.get(word.partition('=')[2], word.partition('=')[2])}"
                        if "=" in word
                        else word
                        for word in settings
                    ),
                    numbers,
                )
            )
    return list({try_[:2]: try_ for try_ in tries}.values())


def names(numbers):
    r"""
    Return how sizes are written: letters, and quotients and products of two of them.

    EXAMPLES::

        sage: from sage_conslaw.cli.letters import names
        sage: names({"D": 187r, "h": 17r})[11r]
        D/h
    """
    SR = package.symbolic_ring()
    out = {}
    for a, n in numbers.items():
        for b, m in numbers.items():
            if a != b and n % m == 0:
                out[n // m] = SR.var(a) / SR.var(b)
            if a < b:
                out[n * m] = SR.var(a) * SR.var(b)
    out.update({n: SR.var(a) for a, n in numbers.items()})
    return out


def lines(result, numbers):
    r"""
    Return the lines to print, and the keys for JSON: the formula and from which widths on it is proved.

    EXAMPLES::

        sage: from sage_conslaw import count_conservation_laws, networks
        sage: from sage_conslaw.cli.letters import lines
        sage: lines(count_conservation_laws(networks.relu([11, 31, 13]), seed=0), {"n": 11r, "h": 31r, "m": 13r})[0]
        ['h laws, proved for n >= 2, m >= 2, h >= 2']
    """
    counted = result.polynomial_in_sizes()
    if counted is None:
        return ["no formula is proved for these widths" + "".join(f"; {words}" for words in result.blame)], {
            "formula": None
        }
    written = names(numbers)
    formula, where = counted.expression(written), counted.where(written)
    text = f"{formula} laws" + (f", proved for {', '.join(where)}" if where else ", proved at these widths")
    return [text], {"formula": str(formula), "formula_where": list(where)}


def counted(build, count, sizes, settings):
    r"""
    Return the result at the numbers that stand for letters, and these numbers.

    EXAMPLES::

        sage: from sage_conslaw import networks
        sage: from sage_conslaw.cli.letters import counted
        sage: counted(lambda sizes, settings: sizes, lambda sizes: sizes, ["n", "2"], [])
        (('61', '2'), {'n': 61})
    """
    refused = found = None
    for sizes_here, settings_here, numbers in with_numbers(sizes, settings):
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
