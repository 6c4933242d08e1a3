r"""
The strategies, one a file; they are found by their files and tried by their ``order``.

First what the structure shows (10), then laws (20 to 40), then ranks (50 to 60), then proofs of closure (70) and the
real fields (80).
"""
import importlib
import pkgutil

from ..strategy import Strategy


def _leaves(cls):
    for child in cls.__subclasses__():
        # Without a name of its own a class is what others have in common.
        if "name" in vars(child):
            yield child
        yield from _leaves(child)


for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

# The name breaks ties, as the order of files is that of the file system.
STRATEGIES = tuple(sorted((cls() for cls in _leaves(Strategy)), key=lambda strategy: (strategy.order, strategy.name)))

__all__ = ["STRATEGIES"]
