r"""
Models of PyTorch in a file of the user: ``FILE.py:NAME``, where NAME is a function that returns the model and its
example inputs.

The file is run, as the user's own program: nothing of it is checked.
"""
import contextlib
import importlib.util
import sys
from pathlib import Path

from ..runtime.errors import InputError
from .network import from_torch

# What a user's program may raise when it is run and called.
_ERRORS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    ImportError,
    LookupError,
    NameError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
)


def from_file(place, sizes=(), loss=None, allow_cut=()):
    r"""
    Return the network of ``FILE.py:NAME``; the function gets the sizes, and returns ``(model, args)`` or
    ``(model, args, kwargs)``.  What ``allow_cut`` names may be cut.

    EXAMPLES::

        sage: from sage_conslaw.pytorch.files import from_file
        sage: from_file("nowhere.py:tiny")
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: there is no file nowhere.py; give FILE.py:NAME, where NAME() returns (model, args) or
        (model, args, kwargs)
        sage: from_file("nowhere.py")
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: 'nowhere.py' is not FILE.py:NAME; NAME() returns (model, args) or (model, args, kwargs)
    """
    path, _, name = place.rpartition(":")
    if not path or not name.isidentifier():
        raise InputError(f"{place!r} is not FILE.py:NAME; NAME() returns (model, args) or (model, args, kwargs)")
    path = Path(path)
    if not path.is_file():
        raise InputError(
            f"there is no file {path}; give FILE.py:NAME, where NAME() returns (model, args) or (model, args, kwargs)"
        )
    # What the program prints is no part of the answer.
    with contextlib.redirect_stdout(sys.stderr):
        return _network(path, name, sizes, loss, allow_cut)


def _network(path, name, sizes, loss, allow_cut):
    function = getattr(_module(path), name, None)
    if not callable(function):
        raise InputError(f"{path} has no function {name}; it must return (model, args) or (model, args, kwargs)")
    try:
        answer = function(*sizes)
    except _ERRORS as error:
        raise InputError(f"{name}({', '.join(map(str, sizes))}) of {path} failed: {_line(error)}") from None
    if not isinstance(answer, tuple) or len(answer) not in (2, 3):
        raise InputError(
            f"{name} of {path} returned {type(answer).__name__}, not (model, args) or (model, args, kwargs)"
        )
    network = from_torch(*answer, loss=loss, allow_cut=allow_cut)
    # As it is called on the command line and in surveys.
    network.title = f"{network.title} of {path.name}:{name}"
    return network


def _module(path):
    spec = importlib.util.spec_from_file_location(f"sage_conslaw_user_{path.stem}", path)
    if spec is None:
        raise InputError(f"{path} is no file of Python; give FILE.py:NAME")
    module = importlib.util.module_from_spec(spec)
    # As when Python runs the file: what lies beside it can be imported, and what it defines can be pickled.
    sys.path.insert(0, str(path.resolve().parent))
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except _ERRORS as error:
        raise InputError(f"{path} cannot be run: {_line(error)}") from None
    finally:
        sys.path.remove(str(path.resolve().parent))
    return module


def _line(error):
    words = " ".join(str(error).split())
    return f"{type(error).__name__}: {words}"[:200]
