"""The gate of the examples: every name that the manual lists has runnable ones."""
import importlib
import inspect
import re
from pathlib import Path

import pytest

import sage_conslaw as package
from sage_conslaw import certificates, flows, networks

MANUAL = Path(__file__).parent.parent / "docs"


def listed():
    """Return the objects that the manual documents, by their dotted names."""
    names = {}
    for page in sorted(MANUAL.rglob("*.rst")):
        text = page.read_text(encoding="utf8")
        for kind, name, options in re.findall(
            r"^\.\. auto(function|class|exception|module):: (\S+)\n((?:   :.*\n)*)", text, flags=re.M
        ):
            members = [
                word.strip()
                for word in re.sub(r".*:members:", "", options, flags=re.S).split(",")
                if word.strip() and ":" not in word
            ]
            if kind != "module":
                names[name] = members
            for member in members if kind == "module" else ():
                names[f"{name}.{member}"] = []
    return names


def thing(name):
    module, _, attribute = name.rpartition(".")
    return getattr(importlib.import_module(module), attribute)


@pytest.mark.parametrize("name", sorted(listed()))
def test_a_listed_name_has_examples(name):
    value = thing(name)
    assert "sage: " in (inspect.getdoc(value) or ""), name
    for member in listed()[name]:
        documented = inspect.getattr_static(value, member)
        assert inspect.getdoc(documented), f"{name}.{member}"


def test_every_public_name_is_in_the_manual_once():
    """Those of the package and of its rooms; a name of two rooms is one object."""
    text = "\n".join(page.read_text(encoding="utf8") for page in MANUAL.rglob("*.rst"))
    shown = re.findall(r"^\.\. auto(?:function|class|exception):: (\S+)$", text, flags=re.M)
    for module, members in re.findall(r"^\.\. automodule:: (\S+)\n   :members: (.*)$", text, flags=re.M):
        shown += [f"{module}.{member.strip()}" for member in members.split(",")]
    assert len(shown) == len(set(shown))
    objects = [thing(name) for name in shown]
    for room in (package, certificates, flows, networks):
        for name in room.__all__:
            value = getattr(room, name)
            if not inspect.ismodule(value):
                assert sum(value is other for other in objects) == 1, f"{room.__name__}.{name}"


def test_the_manual_is_understood():
    assert len(listed()) > 30
