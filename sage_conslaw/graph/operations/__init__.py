r"""
The operations of a network, one a file; they are found by their files.

Each is one class, in which stand together its shape, its *terms* (which entries of its inputs are multiplied and summed
into which entry of its output), its value and transposed action in any arithmetic, and its record in a certificate with
the reading of it.  A new operation is one new file with one class (:class:`.composed.Composed`): from its shape and its
terms follow a method of tensors, gradients, gradings, laws, and a record that both checkers understand.
"""
import importlib
import pkgutil

from .add import Add
from .composed import Composed
from .contract import LETTERS, Contract, Gate
from .gather import Gather
from .operation import Operation

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")


def _all(cls):
    for child in cls.__subclasses__():
        yield child
        yield from _all(child)


# By the name in a record: what a graph is read from.
READ = {cls.op: cls for cls in _all(Operation) if "op" in vars(cls)}
# By the name of a method: what tensors learn from a new file.
METHODS = {cls.name: cls() for cls in _all(Composed)}

__all__ = ["Add", "Composed", "Contract", "Gate", "Gather", "LETTERS", "METHODS", "Operation", "READ"]
