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
    r"""
    What stops the reading of an operation, in words; the reader adds where it is.

    EXAMPLES::

        sage: from sage_conslaw.pytorch.refusals import Refused
        sage: Refused("no rule").args
        ('no rule',)
    """


def refusal(node, name, reason, operators):
    r"""
    Return the sentence that says which operation cannot be read, where, why, and what to try.

    EXAMPLES::

        sage: import types
        sage: from sage_conslaw.pytorch.refusals import refusal
        sage: node = types.SimpleNamespace(meta={"nn_module_stack": {"a": ("L['self'].mlp", None)}})
        sage: refusal(node, "sort", "places depend on the data", {})
        "sort in mlp, cannot be read: places depend on the data; rewrite it, or cut it with allow_cut=['sort']
        (--allow-cut sort), which takes its values and slopes as arbitrary"
    """
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
    r"""
    Return operators of the table with nearly this name, as text.

    EXAMPLES::

        sage: from sage_conslaw.pytorch.refusals import difference
        sage: difference("conv4d", {"conv1d": 0, "conv2d": 0, "relu": 0})
        'conv2d, conv1d'
    """
    return ", ".join(difflib.get_close_matches(name, [key for key in operators if " " not in key], 2, 0.8))


def operator_name(node):
    r"""
    Return the name of an operation without its overload, such as ``linear``.

    EXAMPLES::

        sage: import types
        sage: from sage_conslaw.pytorch.refusals import operator_name
        sage: operator_name(types.SimpleNamespace(target="aten.linear.default"))
        'linear'
    """
    target = node.target
    if not isinstance(target, str) and not hasattr(target, "overloadpacket"):
        return getattr(target, "__name__", str(target))
    space, _, rest = str(target).partition(".")
    name = rest.partition(".")[0] if rest else space
    return name if space in ("aten", "prims") else f"{space}.{name}"


def modules(node):
    r"""
    Return the names of the modules that an operation is in, outermost first.

    EXAMPLES::

        sage: import types
        sage: from sage_conslaw.pytorch.refusals import modules
        sage: modules(types.SimpleNamespace(meta={"nn_module_stack": {"a": ("L['self'].mlp", None), "b": ("mlp.0",
        ....:     None)}}))
        ['mlp', 'mlp.0']
    """
    names = []
    for path, _ in (node.meta.get("nn_module_stack") or {}).values():
        names.append(str(path).removeprefix("L['self']").removeprefix("."))
    return names


def source_line(node):
    r"""
    Return the user's line that an operation comes from, as ``file:line: code``.

    EXAMPLES::

        sage: import types
        sage: from sage_conslaw.pytorch.refusals import source_line
        sage: trace = '  File "net.py", line 3, in forward\n    return x.sort()'
        sage: source_line(types.SimpleNamespace(meta={"stack_trace": trace}))
        'net.py:3: return x.sort()'
    """
    trace = node.meta.get("stack_trace") or ""
    return own_line(trace) or own_line(trace, ())


def own_line(trace, others=("/torch/", "<", _HERE, _STANDARD)):
    r"""
    Return the last line of a trace that is the user's, not PyTorch's nor Python's, as ``file:line: code``.

    EXAMPLES::

        sage: from sage_conslaw.pytorch.refusals import own_line
        sage: trace = '  File "net.py", line 3, in forward\n    return f(x)\n  File "/torch/f.py", line 1, in f\n    y'
        sage: own_line(trace)
        'net.py:3: return f(x)'
    """
    frames = re.findall(r'File "([^"]+)", line (\d+), in [^\n]*\n\s*([^\n]*)', trace)
    own = [
        frame for frame in frames
        if "site-packages" in frame[0] and "/torch/" not in frame[0] or not any(word in frame[0] for word in others)
    ]
    return f"{own[-1][0].rsplit('/', 1)[-1]}:{own[-1][1]}: {own[-1][2].strip()}" if own else ""
