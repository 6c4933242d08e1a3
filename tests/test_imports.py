"""The picture of imports, drawn from the source: rooms in one order, no circle, nothing late, nothing private."""
import ast
import re
from pathlib import Path

import pytest

import sage_conslaw
import sage_conslaw.cli.package

HERE = Path(__file__).parent.parent
PACKAGE = HERE / "sage_conslaw"

# From low to high: a room imports lower ones only. The page docs/rooms.rst lists them in the same order.
ROOMS = (
    "runtime _sage exact expressions fields inputs function_fields laws graph flows notation pytorch networks "
    "rank structure width real certificates results engine parameters integrals training surveys papers cli"
).split()

# Optional or heavy packages, and parts of Sage that few calls need: the only imports inside functions.
LATE = {
    "IPython": "notebooks only",
    "antimony": "optional: reaction networks",
    "cypari2": "a part of Sage, for threads",
    "distributed": "optional: clusters",
    "libsbml": "optional: reaction networks",
    "lightning": "optional: callbacks",
    "matplotlib": "optional: pictures",
    "pandas": "optional: tables",
    "pytorch_lightning": "optional: callbacks",
    "resource": "systems like Unix only",
    "sage": "Sage itself: parts that take long to load",
    "scipy": "a second, of the exact value of one function",
    "signal": "its alarm is of systems like Unix only",
    "sympy": "half a second, where an object of it was given",
    "torch": "optional: models",
    "tqdm": "a tenth of a small command, where a bar is shown",
    "transformers": "optional: callbacks",
}

# Attributes of other packages that have an underscore: of Sage, of torch (its tools for nested arguments and tracing),
# and of executors.
FOREIGN = {"_repr_", "_latex_", "_extra_kwds", "_pytree", "_subclasses", "_dynamo", "_processes", "_backward_hooks",
           "_backward_pre_hooks"}

# Files outside the rooms: the package's front, and the second checker, which shares nothing with the rest.
FRONT, CHECKERS = "", ("check", "check_dimension")


def _modules():
    out = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        out[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return out


MODULES = _modules()


def _imports(module):
    """Yield (target, name, at the top?) for each name imported from this package, and (package, None, at the top?)."""
    path = MODULES[module]
    tree = ast.parse(path.read_text(encoding="utf8"))
    base = module.split(".") if module else []
    base = base if path.name == "__init__.py" else base[:-1]
    for node in ast.walk(tree):
        top = node in tree.body
        if isinstance(node, ast.ImportFrom) and node.level:
            target = ".".join(base[: len(base) - node.level + 1] + ([node.module] if node.module else []))
            for alias in node.names:
                inner = f"{target}.{alias.name}" if target else alias.name
                yield (inner if inner in MODULES else target), alias.name, top
        elif isinstance(node, ast.ImportFrom):
            yield node.module, None, top
        elif isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, None, top


ARROWS = {module: list(_imports(module)) for module in MODULES}


def _room(module):
    return module.split(".")[0]


def test_every_room_has_its_place_in_the_order_and_in_the_manual():
    assert {_room(module) for module in MODULES} == {FRONT, *CHECKERS, *ROOMS}
    page = (HERE / "docs" / "rooms.rst").read_text(encoding="utf8")
    assert [name.removesuffix("/").removesuffix(".py") for name in re.findall(r"^``(\S+)``", page, re.M)] == ROOMS


def test_rooms_import_lower_rooms_only():
    order = {room: place for place, room in enumerate(ROOMS)}
    wrong = [
        f"{module} imports {target}"
        for module, arrows in ARROWS.items()
        for target, name, _ in arrows
        if name is not None
        and _room(module) in order
        and target not in (FRONT, *CHECKERS)
        and order[_room(target)] > order[_room(module)]
    ]
    assert not wrong
    # The front is imported for its version and, by its one name, for a public call that a method hands over to.
    assert {module for module, arrows in ARROWS.items() for target, name, _ in arrows
            if target in (FRONT, "sage_conslaw")} == {"results.citation", "graph.network"}
    users = {_room(module) for module, arrows in ARROWS.items() for target, _, _ in arrows if target in CHECKERS}
    assert users <= {"certificates", *CHECKERS}
    # The second checker shares nothing with the rest.
    assert {target for checker in CHECKERS for target, name, _ in ARROWS[checker] if name is not None} <= set(CHECKERS)


def test_modules_import_without_circles():
    done, path = set(), []

    def visit(module):
        assert module not in path, " -> ".join([*path[path.index(module):], module])
        if module in done:
            return
        path.append(module)
        for target, name, _ in ARROWS[module]:
            # A name of a package's own front is a name of that front's file, not a circle.
            if name is not None and target != module:
                visit(target)
        done.add(path.pop())

    for module in MODULES:
        visit(module)


def test_nothing_is_imported_late_or_privately():
    for module, arrows in ARROWS.items():
        for target, name, top in arrows:
            late = name is None and target.partition(".")[0] in LATE
            assert top or late, f"{module} imports {target} inside a function"
            private = name is not None and name.startswith("_") and name not in ("_sage", "__version__")
            assert not private, f"{module} takes the private {name} of {target}"


def test_names_that_are_loaded_when_first_used_are_there():
    for package in (sage_conslaw, sage_conslaw.networks, sage_conslaw.cli.package):
        for name in dir(package):
            assert getattr(package, name) is not None or name.startswith("__")
    with pytest.raises(AttributeError):
        sage_conslaw.networks.nothing


def test_no_module_reaches_into_private_parts_of_another():
    """An attribute with an underscore is asked of objects whose class stands in the same file, and of no others."""
    for module, path in MODULES.items():
        tree = ast.parse(path.read_text(encoding="utf8"))
        own = {node.name for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
        own |= {
            node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
        }
        for node in ast.walk(tree):
            if not isinstance(node, ast.Attribute) or not re.match("_[a-z]", node.attr) or node.attr in own:
                continue
            # Inherited ones are asked of oneself or of super(); other packages have some that are meant to be used.
            of = node.value.id if isinstance(node.value, ast.Name) else ""
            allowed = of in ("self", "cls", "os") or isinstance(node.value, ast.Call) or node.attr in FOREIGN
            assert allowed, f"{module} uses {node.attr} of {ast.unparse(node.value)}"
