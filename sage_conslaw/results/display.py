r"""
How results are shown: text that fits a terminal, LaTeX, and HTML tables; long lists are folded with a count.
"""
import re
import textwrap
from html import escape

from ..graph.with_eps import holds_for_any_eps
from ..notation.evaluation import rest_of
from .._sage import PolynomialRing, QQ, latex

# Shown at once; the others are counted.  Forty laws fill a screen.
MOST_LAWS = 40

# Longer laws are cut after this many lines of text.
_MOST_LINES = 4


def latex_name(name):
    r"""
    Return the LaTeX of a coordinate: entries of arrays have their indices below, velocities a dot; moments have what
    they belong to below.
    """
    found = re.fullmatch(r"(d?)([A-Za-z]+?)(\d*)((?:_\d+)*)", name)
    # A name d alone or dx of a user is no velocity: these have a number or indices.
    if not found or (found[1] and not (found[3] or found[4])):
        found = re.fullmatch(r"()([A-Za-z]+?)(\d*)((?:_\d+)*)", name)
        if not found:
            moment = re.fullmatch(r"([A-Za-z])_([A-Za-z].*)", name)
            if moment:
                return f"{moment[1]}_{{{latex_name(moment[2])}}}"
            words, indices = re.fullmatch(r"(.*?)((?:_\d+)*)", name).groups()
            below = f"_{{{indices[1:].replace('_', ',')}}}" if indices else ""
            return rf"\mathrm{{{words.replace('_', chr(92) + '_')}}}{below}"
    dot, letters, number, indices = found.groups()
    head = letters if len(letters) == 1 else rf"\mathrm{{{letters}}}"
    head = rf"\dot{{{head}}}" if dot else head
    below = ";".join(part for part in (number, ",".join(indices.split("_")[1:])) if part)
    return f"{head}_{{{below}}}" if below else head


def latex_of(law, functions=()):
    """Return the LaTeX of a law, with readable names; ``functions`` are pairs (coordinate, what it stands for)."""
    ring = law.parent()
    names = ring.variable_names()
    # A ring of its own: the names of the user's ring stay as they are.
    shown = PolynomialRing(QQ, [f"{name}_shown" for name in names], len(names))
    stands = {name: found for name, text in functions if (found := _FUNCTION.fullmatch(text))}
    shown._latex_names = tuple(
        f"{chr(92)}{stands[name][1]}({stands[name][2].replace('*', ' ')})" if name in stands else latex_name(name)
        for name in names
    )
    return str(latex(shown(law.dict())))


# Functions that LaTeX knows by their names.
_FUNCTION = re.compile(r"(exp|log|sin|cos|tan|sinh|cosh|tanh)\(([^()]*)\)")


def origin(variables, shapes):
    """Return which parameters some variables belong to, as text."""
    known = [name for name, _ in shapes]
    words = {}
    for variable in map(str, variables):
        head = next(
            (
                name
                for name in known
                for form in (name, "d" + name)
                if variable == form or variable.startswith(form + "_")
            ),
            None,
        )
        velocity = head is not None and variable.startswith("d" + head) and not variable.startswith(head + "_")
        words.setdefault("d" + head if velocity else head or variable)
    listed = list(words)
    # In the order of the network, each velocity behind its parameter.
    order = {name: i for i, name in enumerate(known)}
    listed.sort(
        key=lambda word: (
            order.get(word, len(order)) if word in order else order.get(word[1:], len(order)),
            word not in order,
        )
    )
    return ", ".join(listed if len(listed) <= 6 else [*listed[:5], f"{len(listed) - 5} more"])


def wrapped(text, width=80, indent="  ", cut=True):
    r"""
    Return a law as lines that fit; one that is very long is cut, unless told not to, with the number of its terms.
    """
    # A sign stays with the term that follows it: a blank that is no break.
    glued = re.sub(r" ([+-]) ", " \\1\u00a0", text).replace(" x ", "\u00a0x\u00a0")
    # Only between terms: a name or a power is never broken.
    lines = textwrap.wrap(
        glued,
        max(width, 20),
        initial_indent=indent,
        subsequent_indent=indent + "  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    lines = [line.replace("\u00a0", " ") for line in lines]
    # One line more than is shown: to cut it would save nothing.
    if cut and len(lines) > _MOST_LINES + 1:
        terms = len(re.findall(r" [+-] ", text)) + 1
        lines = lines[:_MOST_LINES] + [f"{indent}  ... ({terms} terms)"]
    return "\n".join(lines)


def law_lines(result, width=80, everything=False, polynomials=False):
    r"""
    Return what the command line prints below the first line of a result: matrix expressions, and as polynomials the
    independent laws that are in none of them; with ``polynomials`` or ``everything`` all independent laws.
    """
    texts = result.readable_laws()
    expressions, chosen = _shown(result, False)
    # An expression is marked if one of its entries is: it is printed once for all of them.
    need = _need_eps_zero(result)
    out = [
        wrapped(f"in matrix notation: {expression}{_EPS if need(expression.entries) else ''}", width)
        for expression in expressions
    ]
    if everything or polynomials:
        chosen = list(result.independent)
    shown = chosen if everything else chosen[:MOST_LAWS]
    marked = {i: _EPS for i in result.eps_zero}
    out += [
        f"  {texts[i]}{marked.get(i, '')}" if everything else wrapped(texts[i] + marked.get(i, ""), width)
        for i in shown
    ]
    if len(chosen) > len(shown):
        out.append(f"  ... and {len(chosen) - len(shown)} more independent laws (--all or --json lists them)")
    if expressions and chosen and len(chosen) < len(result.independent):
        out.append(f"  ({len(result.independent) - len(chosen)} in matrix notation, {len(chosen)} as polynomial"
                   f"{'s' if len(chosen) > 1 else ''}; --polynomials writes all of them out)")
    out += [wrapped(f"conserved: {text}", width) for text in result.further_laws]
    if result.region is not None:
        out.append(wrapped(f"{result.region}:", width))
        shown = result.region.independent_laws
        out += [wrapped(str(law), width, "    ") for law in (shown if everything else shown[:MOST_LAWS])]
    if result.eps_zero:
        out.append("  (laws with [eps = 0] need norms without a constant below the root; all others hold with any)")
    out += [wrapped(f"({remark})", width).replace("\n    ", "\n  ") for remark in result.remarks]
    # Of a system the fields are the dynamics: there is nothing to assume.
    if result.flow not in ("drift", "family") and (result.complete is True or result.real is not None):
        out.append(wrapped(f"({result.assumption_in_words()})", width).replace("\n    ", "\n  "))
    if len(result.laws) > len(result.independent):
        out.append(
            f"  and {len(result.laws) - len(result.independent)} more polynomials in these laws (--json lists them)"
        )
    return out


_EPS = "   [eps = 0]"


def _need_eps_zero(result):
    """Return a function that says whether some entry of a matrix expression needs norms without a constant."""
    if not result.eps_zero:
        return lambda entries: False
    return lambda entries: not all(holds_for_any_eps(result.problem.family, entries))


def latex_table(result, polynomials=False):
    r"""
    Return a result as a LaTeX array: law, degree, parameters; matrix expressions first, then the polynomials that are
    in none of them, or with ``polynomials`` all of these.
    """
    table, hidden = _table(result, polynomials)
    rows = [
        " & ".join([text + (rf" \quad \text{{({words})}}" if words else ""), degree, rf"\mathrm{{{_escaped(where)}}}"])
        for text, words, degree, where in table
    ]
    if not rows:
        return r"\text{no polynomial law}"
    if hidden:
        rows.append(rf"\multicolumn{{3}}{{l}}{{\text{{and {hidden} more}}}}")
    head = r"\text{law} & \text{degree} & \text{parameters} \\ \hline"
    lines = " \\\\\n".join(rows)
    return f"\\begin{{array}}{{lll}}\n{head}\n{lines}\n\\end{{array}}"


def _escaped(text):
    """Return a list of names for letters of mathematics, where an underscore is read as one by LaTeX and MathJax."""
    return text.replace("_", r"\_").replace(", ", ",\\ ").replace(" more", r"\ more")


def _table(result, polynomials):
    """Return the rows of a table, the LaTeX of a law, which entries it stands for, its degree, its parameters; and how
    many laws are in none of them."""
    expressions, chosen = _shown(result, polynomials)
    shapes = result.problem.shapes if result.problem is not None else ()
    rows = []
    for law in expressions:
        words = repr(law)[len(law.text):].strip(" ()")
        degree, where = ("", "") if law.form is None else (str(law.form.degree), _parameters(result, law, shapes))
        rows.append((law.latex, words, degree, where))
    for i in chosen[:MOST_LAWS]:
        law = result.laws[i]
        rows.append((latex_of(law, result.coordinates), "", str(law.degree()), origin(law.variables(), shapes)))
    return rows, max(0, len(chosen) - MOST_LAWS)


def _shown(result, polynomials):
    """Return the matrix expressions that say more than a polynomial, and the indices of the laws that are written
    out."""
    expressions, chosen = result.matrix_laws(), list(result.independent)
    if polynomials:
        return [], chosen
    texts = result.readable_laws()
    # An expression that reads as a polynomial does, such as x1^2 - x2^2, would be printed twice.
    expressions = [law for law in expressions if law.text not in texts]
    if expressions:
        rest = [law for law, _ in rest_of(result, expressions)]
        chosen = [i for i in chosen if result.laws[i] in rest]
    return expressions, chosen


def _parameters(result, law, shapes):
    names = result.problem.family.names
    places = sorted({i for entry in law.entries for monomial in entry for i in monomial})
    return origin([names[i] for i in places], shapes)


def html_table(result):
    """Return a result as HTML: its sentence, matrix notation, and a table of law, degree and parameters."""
    out = [f"<p><b>{escape(repr(result))}</b></p>"]
    # A count has no table.
    if not hasattr(result, "laws"):
        return out[0]
    table, hidden = _table(result, False)
    rows = [
        rf"<tr><td style='text-align:left'>\({text}\)</td><td style='text-align:left'>{escape(words)}</td>"
        rf"<td>{degree}</td><td style='text-align:left'>{escape(where)}</td></tr>"
        for text, words, degree, where in table
    ]
    if rows:
        more = f"<p>... and {hidden} more independent laws</p>" if hidden else ""
        shown = (
            "<table><tr><th>law</th><th></th><th>degree</th><th>parameters</th></tr>"
            + "".join(rows)
            + f"</table>{more}"
        )
        # A long table is folded: a notebook shows more than this one result.
        out.append(shown if len(rows) <= 12 else f"<details><summary>{len(rows)} rows</summary>{shown}</details>")
    return "".join(out)
