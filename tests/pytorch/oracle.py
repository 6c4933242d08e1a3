"""
The numbers of the tiny models of transformers against ranks of their real gradients with brackets, by automatic
differentiation.

``python tests/pytorch/oracle.py`` takes all of them, some minutes each on one core; names choose some.  One line each,
and exit status 1 if any disagrees.  Ranks are numerical: the oracle proves nothing, and nothing that is proved rests on
it.
"""
import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent)]

import sage_conslaw  # noqa: E402, F401  (Sage first)
from test_transformers import CASES  # noqa: E402
from torch_fields import number_of_laws  # noqa: E402


# An eps of 1e-12 is zero in double precision, and laws of scale then seem to hold: three in BERT, two in ViT.
EPS = 0.1


def found(name):
    """Return the number of laws of the real gradients of a case, and the ranks of words by length."""
    build, draw, loss, _ = CASES[name]
    model = build().double()
    for module in model.modules():
        if getattr(module, "eps", 1) < 1e-8:
            module.eps = EPS
    if hasattr(model, "set_attn_implementation"):
        model.set_attn_implementation("eager")
    try:
        return number_of_laws(model, draw, loss)
    except RuntimeError:
        # Masks that are made from tokens cannot be made for many samples at once.
        return number_of_laws(model, draw, loss, together=False)


def main(names):
    """Compare each case, and return how many disagree."""
    wrong = 0
    for name in names or CASES:
        start = time.monotonic()
        number, ranks = found(name)
        expected = CASES[name][3]
        agrees = number == expected
        wrong += not agrees
        print(f"{name}: {number} laws, ranks {ranks}, {'as expected' if agrees else f'not {expected}'}; "
              f"{time.monotonic() - start:.0f} s", flush=True)
    return wrong


if __name__ == "__main__":
    sys.exit(bool(main(sys.argv[1:])))
