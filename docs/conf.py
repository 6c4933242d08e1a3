"""The manual: built with warnings as errors by ``make docs``."""
import re
from pathlib import Path

import sage.all  # noqa: F401  (first: single Sage modules fail to import in some orders)

HERE = Path(__file__).parent

project = "sage_conslaw"
author = "The sage_conslaw developers"
copyright = "the sage_conslaw developers, GPL version 3 or later"
version = release = re.search(r'__version__ = "([^"]+)"', (HERE.parent / "sage_conslaw" / "__init__.py").read_text(encoding="utf8"))[1]

# Formulas are rendered by a MathJax that lies beside the pages: the manual needs no network.
extensions = ["sphinx.ext.autodoc", "sphinx-mathjax-offline", "sphinx_copybutton"]
html_theme = "furo"
html_title = f"sage_conslaw {version}"
# Copied lines are commands: without prompts and without answers.
copybutton_prompt_text = r"sage: |\.\.\.\.: |\$ "
copybutton_prompt_is_regexp = True
# In Sage's dialect single backticks are mathematics.
default_role = "math"
highlight_language = "python3"
nitpicky = False
# Answers in examples, an error message say, are no Python.
suppress_warnings = ["misc.highlighting_failure"]
autodoc_member_order = "bysource"
# Internal links of docstrings, written for readers of the source, are shown as text.
add_module_names = False
exclude_patterns = ["_build"]


def as_written(app, what, name, obj, options, lines):
    """Turn the first words of Sage's blocks into headings, and drop doctest tags."""
    for i, line in enumerate(lines):
        lines[i] = re.sub(r"^(INPUT|OUTPUT|EXAMPLES|TESTS|ALGORITHM|REFERENCES)(::?)(.*)$", r"**\1**\2\3", line)
        lines[i] = re.sub(r"\s+# long time.*$", "", lines[i])
    # Tests are for the package, not for its readers.
    start = next((i for i, line in enumerate(lines) if line.startswith("**TESTS**")), None)
    if start is not None:
        stop = next((i for i in range(start + 1, len(lines)) if re.match(r"\*\*[A-Z]+\*\*", lines[i])), len(lines))
        del lines[start:stop]


def setup(app):
    """Register the change of docstrings."""
    app.connect("autodoc-process-docstring", as_written)
