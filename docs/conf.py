"""The manual: built with warnings as errors by ``make docs``."""
import re
from pathlib import Path

import sage.all  # noqa: F401  (first: single Sage modules fail to import in some orders)

HERE = Path(__file__).parent

project = "sage_conslaw"
author = "The sage_conslaw developers"
copyright = "the sage_conslaw developers, GPL version 3 or later"
version = release = re.search(r'__version__ = "([^"]+)"', (HERE.parent / "sage_conslaw" / "__init__.py").read_text(encoding="utf8"))[1]

extensions = ["sphinx.ext.autodoc", "sphinx.ext.mathjax"]
html_theme = "alabaster"
html_theme_options = {"description": "All conservation laws of a training dynamics, and a proof that there are no others.", "page_width": "1100px",
                      "sidebar_width": "240px"}
# In Sage's dialect single backticks are mathematics.
default_role = "math"
highlight_language = "python3"
nitpicky = False
autodoc_member_order = "bysource"
# Internal links of docstrings, written for readers of the source, are shown as text.
add_module_names = False
exclude_patterns = ["_build"]


def as_written(app, what, name, obj, options, lines):
    """Turn the first words of Sage's blocks into headings, and drop doctest tags."""
    for i, line in enumerate(lines):
        lines[i] = re.sub(r"^(INPUT|OUTPUT|EXAMPLES|TESTS|ALGORITHM|REFERENCES)(::?)(.*)$", r"**\1**\2\3", line)
        lines[i] = re.sub(r"\s+# long time.*$", "", lines[i])


def setup(app):
    """Register the change of docstrings."""
    app.connect("autodoc-process-docstring", as_written)
