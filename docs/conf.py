"""The manual: built with warnings as errors by ``make docs``."""
import base64
import json
import re
from pathlib import Path

from sphinx.util.docutils import SphinxDirective

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
html_static_path = ["_static"]
html_css_files = ["pictures.css"]
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
exclude_patterns = ["_build", "_gallery"]


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


class Worksheets(SphinxDirective):
    """The pictures of the worksheets, as they are stored in these, below the worksheet's title."""

    def run(self):
        lines = []
        for sheet in sorted((HERE.parent / "worksheets").glob("*.ipynb")):
            cells = json.loads(sheet.read_text(encoding="utf8"))["cells"]
            pictures = [
                output["data"]["image/png"]
                for cell in cells
                for output in cell.get("outputs", ())
                if "image/png" in output.get("data", {})
            ]
            title = "".join(cells[0]["source"]).splitlines()[0].lstrip("# ").replace("`", "``")
            if pictures:
                lines += [f"**{title}** (``worksheets/{sheet.name}``)", ""]
            for number, picture in enumerate(pictures, 1):
                name = f"{sheet.stem}-{number}.png"
                (HERE / "_gallery").mkdir(exist_ok=True)
                (HERE / "_gallery" / name).write_bytes(base64.b64decode(picture))
                lines += [f".. image:: /_gallery/{name}", f"   :alt: {title}, picture {number}", "   :class: worksheet", ""]
            self.env.note_dependency(str(sheet))
        return self.parse_text_to_nodes("\n".join(lines))


def setup(app):
    """Register the change of docstrings and the gallery."""
    app.connect("autodoc-process-docstring", as_written)
    app.add_directive("worksheets", Worksheets)
