r"""
Systems as lines of text, the way they are written on paper: `S' = -b*S*I`, one equation a line.

What is differentiated is a variable; a name that is given a value, `k = 1/2` or `v = V*S/(K + S)`, stands for it
everywhere; every other name is a parameter.  A line whose left side is no name is a relation::

    sage: from sage_conslaw import conservation_laws, system
    sage: conservation_laws(system("S' = -b*S*I; I' = b*S*I - g*I; R' = g*I"), degree=1, seed=0).laws
    (S + I + R,)
    sage: kepler = system("x' = p; y' = q; p' = -x*u^3; q' = -y*u^3; u^2*(x^2 + y^2) = 1")
    sage: conservation_laws(kepler, degree=3, seed=0)
    3 independent laws of degree at most 3 in 4 coordinates, complete (proved)
"""
import re

from ..runtime.errors import InputError, NotCovered, shortened
from ..expressions.functions import FUNCTIONS

_PRIME = re.compile(r"([A-Za-z]\w*)\s*('+)", re.ASCII)
_QUOTIENT = re.compile(r"d\s*([A-Za-z]\w*)\s*/\s*d\s*t|d\s*/\s*d\s*t\s+([A-Za-z]\w*)", re.ASCII)
# Signs of printed text, for those of a keyboard.
_PRINTED = str.maketrans({"\N{PRIME}": "'", "\N{RIGHT SINGLE QUOTATION MARK}": "'", "\N{MINUS SIGN}": "-",
                          "\N{MULTIPLICATION SIGN}": "*", "\N{MIDDLE DOT}": "*", "\N{DOT OPERATOR}": "*"})
_INITIAL = re.compile(r"[A-Za-z]\w*\s*\(\s*0\s*\)", re.ASCII)
_NAME = re.compile(r"[A-Za-z]\w*", re.ASCII)
# A name of an expression: no part of a number, and no function that is called.
_USED = re.compile(r"(?<![\w.])([A-Za-z]\w*)(?!\w)(?!\s*\()", re.ASCII)
# Values that are put into values double each time; what people write stays far below.
_LONGEST = 200_000


def is_lines(text):
    r"""Say whether a text is a system of equations `x' = ...`, and no file of another kind."""
    return any(
        _PRIME.fullmatch(side) or _QUOTIENT.fullmatch(side)
        for side in (line.partition("=")[0].strip() for line in _lines(text)) if side
    )


def lines_record(text, name="the text"):
    r"""
    Return a system as a record, from its equations.

    EXAMPLES::

        sage: from sage_conslaw.inputs.lines import lines_record
        sage: record = lines_record("dx/dt = a*y   # fast\n y' = -k*x\n k = 1/2")
        sage: record["parameters"], record["drift"]
        (['a'], {'x': 'a*y', 'y': '-(1/2)*x'})
        sage: lines_record("q'' = -q")
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: the equation of q'' is of second order; write q' = v and v' = ..., with a name for the
        velocity
    """
    equations, given, relations, declared = {}, {}, [], None
    for line in _lines(text):
        # Declared names: what is in no list is then a slip and no parameter.
        if re.match(r"parameters?\s*[:=]", line):
            declared = [*(declared or []), *_declared(re.split(r"[:=]", line, maxsplit=1)[1], given)]
            continue
        left, sign, right = (part.strip() for part in line.partition("="))
        if not sign or not left or not right or "=" in right:
            raise InputError(f"the line {shortened(line)!r} of {name} is no equation; give x' = ..., k = 1/2, or "
                             "a relation such as x^2 + y^2 = 1")
        variable = _differentiated(left)
        if variable:
            _once(equations, variable, f"{variable}'", right)
        elif _NAME.fullmatch(left):
            _once(given, left, left, right)
        # Laws hold for all initial values: a line that gives one is read and plays no role.
        elif not _INITIAL.fullmatch(left):
            relations.append(left if right == "0" else right if left == "0" else f"{left} - ({right})")
    if not equations:
        raise InputError(f"{name} has no equation x' = ...; give one a line for each variable")
    both = next((left for left in given if left in equations), None)
    if both:
        raise InputError(f"{both} has an equation and a value; an initial value is written {both}(0) = ..., and plays "
                         "no role")
    texts = {left: _put_in(right, given, ()) for left, right in equations.items()}
    relations = [_put_in(text, given, ()) for text in relations]
    # A name that only relations define is a coordinate: they give its equation.
    defined = [name for name in _names(relations) if name not in texts and name not in (declared or ())]
    variables = [*texts, *defined]
    parameters = _parameters(_names(texts.values()), variables, declared)
    return {"variables": variables, "parameters": parameters, "drift": texts, "relations": relations}


def _lines(text):
    """Return the lines with something in them, without comments."""
    for line in re.split(r"[;\n\r]", text.translate(_PRINTED)):
        line = re.split(r"#|//", line)[0].strip()
        if line:
            yield line


def _differentiated(left):
    """Return the variable whose derivative stands on the left, or ``None``."""
    match = _PRIME.fullmatch(left) or _QUOTIENT.fullmatch(left)
    if match is None:
        return None
    if match.re is _PRIME and len(match[2]) > 1:
        raise InputError(f"the equation of {left} is of second order; write {match[1]}' = v and v' = ..., with a name "
                         "for the velocity")
    return match[1] or match[2]


def _declared(words, given):
    """Return the parameters of a line ``parameters: a, b = 1/2``."""
    names = []
    for word in filter(None, map(str.strip, words.split(","))):
        name, sign, value = (part.strip() for part in word.partition("="))
        if not _NAME.fullmatch(name):
            raise InputError(f"the parameter {shortened(name)!r} is not a name (a letter, then letters, digits and _)")
        if sign:
            _once(given, name, name, value)
        else:
            names.append(name)
    return names


def _once(table, key, shown, value):
    if key in table:
        raise InputError(f"{shown} is given twice; give one equation")
    table[key] = value


def _put_in(text, given, open_):
    """Return a text with the names that have a value replaced by it, and those in the value."""
    def value(match):
        name = match[1]
        if name not in given:
            return name
        # open_ are the values that this one is put into.
        if name in open_:
            raise InputError(f"the value of {name} goes round in a circle")
        # In parentheses: a value that is a sum is one factor.
        return f"({_put_in(given[name], given, (*open_, name))})"
    out = _USED.sub(value, text)
    if len(out) > _LONGEST:
        raise InputError(f"an equation has more than {_LONGEST} characters once the names with a value are put in")
    return out


def _names(texts):
    return list(dict.fromkeys(name for text in texts for name in _USED.findall(text)))


def _parameters(names, variables, declared):
    """Return the names that are neither variables nor functions; what is most likely a slip is refused."""
    free = [name for name in names if name not in variables]
    if declared is not None:
        unknown = next((name for name in free if name not in declared), None)
        if unknown:
            raise InputError(f"the name {shortened(unknown)} is neither a variable nor in the line of parameters; "
                             "add it to one of them")
        return declared
    lower = {name.lower(): name for name in variables}
    for name in free:
        if name in ("t", "time"):
            raise NotCovered(f"the equations depend on {name}; for the time give the equation {name}' = 1, for a "
                             f"parameter the line parameters: {name}")
        # Of one letter both may well be meant, as in a*A; of more it is a slip.
        if len(name) > 1 and name.lower() in lower:
            raise InputError(f"the name {name} is no variable; did you mean {lower[name.lower()]}? For a parameter "
                             f"of this name list the parameters in a line, parameters: {name}, ...")
        if name in FUNCTIONS:
            raise InputError(f"the function {name} has no parentheses; write {name}(...)")
    return free
