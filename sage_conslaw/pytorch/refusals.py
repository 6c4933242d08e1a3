r"""
What stops the reading of a module, and where in the user's code that is.

A node of ``torch.export`` remembers the modules that it is in and the lines of the calls that made it: from both comes
a sentence with the operation, the module and the user's own line.
"""
import difflib
import re
import sysconfig
from pathlib import Path

_HERE = str(Path(__file__).parent)
_STANDARD = sysconfig.get_path("stdlib")


class Refused(Exception):
    """What stops the reading of an operation, in words; the reader adds where it is."""


def refusal(node, name, reason, operators):
    """Return the sentence that says which operation cannot be read, where, why, and what to try."""
    where, line = modules(node), source_line(node)
    text = (
        f"{name} in {where[-1] if where and where[-1] else 'the model'}{f', {line}' if line else ''}, cannot be "
        f"read: {reason}"
    )
    known = difference(name, operators)
    return (
        text
        + (f" (near: {known})" if known and "no rule" in reason else "")
        + f"; rewrite it, or cut it with allow_cut=[{name!r}] (--allow-cut {name}), which takes its "
          f"values and slopes as "
        "arbitrary"
    )


def difference(name, operators):
    """Return operators of the table with nearly this name, as text."""
    return ", ".join(difflib.get_close_matches(name, [key for key in operators if " " not in key], 2, 0.8))


def operator_name(node):
    """Return the name of an operation without its overload, such as ``linear``."""
    target = node.target
    # ``getitem`` is a function of Python in the graph, and no operation of PyTorch.
    if not isinstance(target, str) and not hasattr(target, "overloadpacket"):
        return getattr(target, "__name__", str(target))
    space, _, rest = str(target).partition(".")
    name = rest.partition(".")[0] if rest else space
    return name if space in ("aten", "prims") else f"{space}.{name}"


def modules(node):
    """Return the names of the modules that an operation is in, outermost first."""
    names = []
    for path, _ in (node.meta.get("nn_module_stack") or {}).values():
        names.append(str(path).removeprefix("L['self']").removeprefix("."))
    return names


def source_line(node):
    """Return the user's line that an operation comes from, as ``file:line: code``."""
    trace = node.meta.get("stack_trace") or ""
    # A model that is PyTorch's own has no line of the user: the last line of any is better than none.
    return own_line(trace) or own_line(trace, ())


def own_line(trace, others=("/torch/", "<", _HERE, _STANDARD)):
    """Return the last line of a trace that is the user's, not PyTorch's nor Python's, as ``file:line: code``."""
    frames = re.findall(r'File "([^"]+)", line (\d+), in [^\n]*\n\s*([^\n]*)', trace)
    own = [
        frame for frame in frames
        # Installed packages, such as a library of models, hold the model itself; PyTorch and Python do not, wherever
        # they are.
        if "site-packages" in frame[0] and "/torch/" not in frame[0] or not any(word in frame[0] for word in others)
    ]
    return f"{own[-1][0].rsplit('/', 1)[-1]}:{own[-1][1]}: {own[-1][2].strip()}" if own else ""
