"""
Tables of words: as text in columns, and as HTML.
"""
from html import escape


def text_table(head, body, foot=None, *, right=(), least=()):
    """
    Return the lines of a table of texts: columns as wide as their widest cell.

    INPUT:

    - ``head``, ``body``, ``foot`` -- the first row, the list of the others, and a last row below a second rule

    - ``right`` -- the columns that are flush right, as numbers are; ``least`` -- widths that the first columns have at
      least
    """
    rows = [head, *body, *([foot] if foot else [])]
    widths = [max(map(len, column)) for column in zip(*rows)]
    # Tables that are printed one below another keep their columns.
    widths = [max(width, *least[k:k + 1], 0) for k, width in enumerate(widths)]

    def line(row):
        cells = (
            cell.rjust(width) if k in right else cell.ljust(width) for k, (cell, width) in enumerate(zip(row, widths))
        )
        return "  ".join(cells).rstrip()

    rule = "  ".join("-" * width for width in widths)
    return [line(head), rule, *map(line, body), *([rule, line(foot)] if foot else [])]


def html_table(head, body, foot=None):
    """Return the same table as HTML; what a cell says is text, never markup."""
    def row(cells, tag):
        return "<tr>" + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells) + "</tr>"

    lines = [row(head, "th"), *(row(cells, "td") for cells in body), *([row(foot, "th")] if foot else [])]
    return f"<table>{''.join(lines)}</table>"
