"""Tables of words: columns that fit, text that is never markup."""
import re

from sage_conslaw.results.tables import html_table, text_table

HEAD, BODY = ("case", "laws"), [("relu 2 3 1", "3"), ("x", "12")]


def test_columns_are_as_wide_as_their_widest_cell():
    assert text_table(HEAD, BODY, right=(1,)) == [
        "case        laws",
        "----------  ----",
        "relu 2 3 1     3",
        "x             12",
    ]


def test_a_last_row_stands_below_a_second_rule():
    lines = text_table(HEAD, BODY, ("together", "15"), least=(12,))
    assert lines[1] == lines[-2] == "-" * 12 + "  ----" and lines[-1] == "together      15"


def test_a_table_without_rows_has_its_heading():
    assert text_table(HEAD, []) == ["case  laws", "----  ----"]
    assert html_table(HEAD, []) == "<table><tr><th>case</th><th>laws</th></tr></table>"


def test_html_says_what_a_cell_says():
    shown = html_table(HEAD, [("<script>", "a & b")], ("<b>", "1"))
    assert "<script>" not in shown and "&lt;script&gt;" in shown and "a &amp; b" in shown
    assert re.findall(r"<(\w+)>", shown) == ["table", "tr", "th", "th", "tr", "td", "td", "tr", "th", "th"]
