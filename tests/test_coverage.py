"""The gate of the examples: every public function, class and method has a doctest, as ``sage --coverage`` counts them."""
import ast
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent.parent


def qualified_names(path):
    """Return the dotted name of each function of a file by its line."""
    names = {}

    def walk(node, before):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (ast.FunctionDef, ast.ClassDef)):
                names[child.lineno] = ".".join([*before, child.name])
                walk(child, [*before, child.name])
            else:
                walk(child, before)
    walk(ast.parse(path.read_text(encoding="utf8")), [])
    return names


def test_every_public_name_has_examples():
    script = Path(sys.executable).parent / "sage"
    output = subprocess.run([str(script) if script.exists() else "sage", "--coverage", "sage_conslaw"], cwd=HERE, capture_output=True, text=True,
                            timeout=300).stdout
    scores = re.findall(r"^SCORE (\S+): ([\d.]+)% \((\d+) of (\d+)\)", output, flags=re.M)
    assert len(scores) > 80 and sum(int(total) for *_, total in scores) > 700, "the report of sage --coverage was not understood"
    missing, names, bad = [], {}, False
    for line in output.splitlines():
        if line.startswith("SCORE"):
            file = HERE / line.split()[1].rstrip(":")
            names, bad = qualified_names(file), False
        elif line.startswith(("Missing documentation", "Missing doctests")):
            bad = True
        elif line.startswith("Possibly wrong"):
            bad = False
        elif bad and line.strip().startswith("* line"):
            name = names[int(re.search(r"line (\d+)", line)[1])]
            # A name that begins with an underscore, or lives in a class that does, is no public one.
            if not any(part.startswith("_") for part in name.split(".")):
                missing.append(f"{file.relative_to(HERE)}: {name}")
    assert not missing, f"{len(missing)} public names without examples:\n" + "\n".join(missing)


def test_every_public_class_has_examples():
    missing = []
    for path in sorted((HERE / "sage_conslaw").rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_") and "sage: " not in (ast.get_docstring(node) or ""):
                missing.append(f"{path.relative_to(HERE)}: {node.name}")
    # The second checker is one file of plain Python: its small classes are shown by their methods.
    assert [name for name in missing if "check.py" not in name] == []
