r"""
PARI in a process that was forked by a thread.

The library that Sage's wheels carry is built for threads: each thread has its own stack pointer ``avma``, its own
pointer ``pari_mainstack`` to the stack and its own tables, and only the thread that initialised the library has them
filled.  In a fork of any other thread every call crashes.  There, and only there, the remedy is safe: the forked
process has one thread, and a copy of the one stack.  So this thread gets the tables that the first one gives to new
threads, the pointer to the stack is set to what it was, and ``avma`` to the middle of the stack, from where the first
call that returns resets it.
"""
import ctypes
import sys

# Bytes of the stack that PARI makes for a new thread; it is not used afterwards.
_STACK = 1 << 16

# The stack of the thread that initialised PARI, and the tables that it gives to new threads.
_stack: list = []
_tables = ctypes.create_string_buffer(4096)

_NEEDED = (
    "pari_thread_alloc",
    "pari_thread_start",
    "pari_mainstack",
    "avma",
    "pari_var_next",
    "varentries",
    "fetch_user_var",
)


def _library():
    """Return the PARI library that is loaded, ``None`` if there is none or one without threads."""
    module = sys.modules.get("cypari2.stack")
    if module is None:
        return None
    try:
        library = ctypes.CDLL(module.__file__)
    except OSError:
        return None
    return library if all(hasattr(library, name) for name in _NEEDED) else None


def _variable(library, name):
    """Return a variable of PARI, of this thread."""
    return ctypes.c_size_t.in_dll(library, name)


def remember_stack():
    """Note PARI's stack and its tables; to be called in the thread that initialised it."""
    library = _library()
    if library is not None and not _stack:
        library.pari_thread_alloc.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p)
        library.pari_thread_alloc(_tables, _STACK, None)
        _stack.append(_variable(library, "pari_mainstack").value)


def adopt_pari():
    """Give this thread what another one had of PARI, in a process that has no other thread."""
    library = _library()
    if library is None or not _stack or _variable(library, "pari_mainstack").value == _stack[0]:
        return
    library.pari_thread_start.argtypes = (ctypes.c_void_p,)
    library.pari_thread_start(_tables)
    _variable(library, "pari_mainstack").value = _stack[0]
    top, bottom = (ctypes.c_size_t * 2).from_address(_stack[0])
    _variable(library, "avma").value = bottom + (top - bottom) // 2 // 16 * 16
    _reserve_variables(library)
    from cypari2 import Pari
    Pari().one()


def _reserve_variables(library):
    """Step over the variables that the first thread made after it was asked for its tables: their numbers are taken."""
    entries = ctypes.POINTER(ctypes.c_void_p).in_dll(library, "varentries")
    while entries[number := library.pari_var_next()]:
        taken = entries[number]
        library.fetch_user_var(f"taken_{number}".encode())
        entries[number] = taken
