"""The gate of the examples: every name that the manual lists has runnable ones."""
import importlib
import inspect
import re
from pathlib import Path

import pytest

MANUAL = Path(__file__).parent.parent / "docs"


def listed():
    """Return the objects that the manual documents, by their dotted names."""
    names = {}
    for page in sorted(MANUAL.rglob("*.rst")):
        text = page.read_text(encoding="utf8")
        for kind, name, options in re.findall(
            r"^\.\. auto(function|class|module):: (\S+)\n((?:   :.*\n)*)", text, flags=re.M
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


def test_the_manual_is_understood():
    assert len(listed()) > 30
