r"""
Names that are loaded when first used (PEP 562): the one place where the package imports later than at the top of a
file, so that ``--help`` and ``python -m sage_conslaw.check`` load no Sage.

Three packages are written with it: the package itself, ``networks``, and what the commands use (``cli.package``).
"""
import importlib
import sys


def later(package, homes, modules=(), anchor=None):
    r"""
    Return the functions ``__getattr__`` and ``__dir__`` of a package.

    INPUT:

    - ``package`` -- its ``__name__``

    - ``homes`` -- where each name is found: ``{name: module}``, relative to the anchor

    - ``modules`` -- names of modules inside the anchor

    - ``anchor`` -- a package, by default the same

    EXAMPLES::

        sage: from sage_conslaw.runtime.later import later
        sage: load, names = later("sage_conslaw.runtime", {"integer": ".arguments"}, ["errors"])
        sage: load("integer")(3), load("errors").__name__, {"integer", "errors"} <= set(names())
        (3, 'sage_conslaw.runtime.errors', True)
        sage: load("float")
        Traceback (most recent call last):
        ...
        AttributeError: module 'sage_conslaw.runtime' has no attribute 'float'
    """
    anchor = package if anchor is None else anchor

    def load(name):
        if name in modules:
            value = importlib.import_module(f".{name}", anchor)
        elif name in homes:
            value = getattr(importlib.import_module(homes[name], anchor), name)
        else:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        # Kept, so that Python finds it itself the next time.
        setattr(sys.modules[package], name, value)
        return value

    return load, lambda: sorted({*vars(sys.modules[package]), *homes, *modules})
