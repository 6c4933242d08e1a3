r"""
What a certificate proves, in one line: number, problem, flow, metric, loss and assumption.
"""

_SPAN = "assumed: near a generic point the real gradients span those of the model (span condition)"
_BALLS = "; real ranks of functions that are not piecewise linear are no part of a certificate"
# Networks without a nonlinearity: the model is the network. Differences of the targets y of one input x are every
# covector that the loss allows, so that real gradients span the control fields at every point.
EXACT = ("product", "linear", "nmf")
# Longer ones are named as those of the file.
SHOWN = 300


# In these there is nothing but inputs, parameters and fixed numbers.
_POLYNOMIAL = ("parameter", "input", "constant", "contract", "add", "gather")


def assumption_of(problem, real=False):
    """
    Return under which assumption a certificate of a problem holds: ``real`` says that real gradients show the rank.
    """
    # Samples at a point are real; the fields of a system are the dynamics; a network of products is its own model.
    if real or problem["kind"] == "system" or problem.get("architecture") in EXACT:
        return "none"
    # Rows of tokens are one-hot: real samples have no free inputs there, so the span is assumed.
    nodes = problem.get("graph", {}).get("nodes", ())
    plain = nodes and all(node["op"] in _POLYNOMIAL and not node.get("tokens") for node in nodes)
    return "none" if plain else "span"


def assumption_words(record):
    """Return in words what a certificate assumes."""
    if record["assumption"] == "none":
        return "nothing is assumed" + (" on a region around the parameters in this file" if "real" in record else "")
    smooth = any(node["op"] in ("cut", "rotation") for node in record["problem"].get("graph", {}).get("nodes", ()))
    return _SPAN + (_BALLS if smooth else "")


def number_words(n, m, r):
    """Return the number of laws in words."""
    laws = f"{m} independent law{'' if m == 1 else 's'} in dimension {n}"
    return f"{laws}, complete: {m} + {r} = {n}" if m + r == n else f"{laws}, at most {n - r} in all"


def statement(record, n, m, r):
    """Return the line that a certificate of this problem with these numbers proves."""
    return "; ".join(
        [number_words(n, m, r), problem_words(record["problem"], record.get("width")), assumption_words(record)]
    )


def problem_words(problem, width=None):
    """Return a problem in words, in full; what is long is named as that of the file."""
    if problem["kind"] == "system":
        return _system_words(problem)
    if problem["kind"] == "phi":
        text = ", ".join(problem["phi"])
        if len(text) > SHOWN:
            text = f"the {len(problem['phi'])} polynomials in this file"
        return f"phi = {text} in the parameters {_some(problem['parameters'])}, {_flow_words(problem['flow'])}"
    name = " ".join([problem["architecture"], *map(str, problem["sizes"])])
    options = ", ".join(f"{key} {value}" for key, value in sorted(problem["options"].items()))
    parts = [name + (f" with {options}" if options else "")]
    if "graph" in problem:
        nodes = problem["graph"]["nodes"]
        leaves = [nodes[i] for i in problem["graph"]["parameters"]]
        shapes = [" ".join([leaf["name"], "x".join(map(str, leaf["shape"]))]) for leaf in leaves]
        parts.append(f"the graph in this file of {len(nodes)} nodes with the parameters {_some(shapes)}")
    if width is not None and "segments" in width:
        parts.append(_segment_words(width))
    return ", ".join([*parts, f"{problem['loss']} loss", _flow_words(problem["flow"])])


def _segment_words(width):
    """Return the segments of a network at any width in words."""
    kinds = width["segments"]
    leaves = [kind["graph"]["nodes"][i]["name"] for kind in kinds for i in kind["graph"]["parameters"]]
    text = f"made of {sum(kind['times'] for kind in kinds)} segments of {len(kinds)} kinds in this file"
    still = f" and {width['still']} parameters that nothing moves" if width["still"] else ""
    return f"{text} with the parameters {_some(leaves)}{still}"


def _some(words):
    return (
        " ".join(words)
        if len(words) == 1
        else f"{', '.join(words[:24])}{f' and {len(words) - 24} more' if len(words) > 24 else ''}"
    )


def _system_words(problem):
    def field(components):
        return ", ".join(f"{x}' = {f}" for x, f in zip(problem["variables"], components))
    fields = [field(problem["drift"])] if "drift" in problem else []
    fields += [f"control {field(control)}" for control in problem["controls"]]
    text = "; ".join(fields)
    if len(text) > SHOWN:
        drift = "a drift and " if "drift" in problem else ""
        text = f"in this file, {drift}{len(problem['controls'])} controls in {len(problem['variables'])} variables"
    return f"the system {text}" + (f" over Q({_some(problem['parameters'])})" if problem["parameters"] else "")


def _flow_words(flow):
    parts = []
    if flow["name"] == "momentum":
        tau = flow["tau"]
        parts.append("damping " + (tau if tau == "tau" else tau[0] if tau[1] == "1" else f"({tau[0]})/({tau[1]})"))
    if flow["decay"] != "0":
        parts.append(f"weight decay {flow['decay']}")
    words = f"{flow['name']} flow" + (f" with {' and '.join(parts)}" if parts else "")
    return f"{words}, {_metric_words(flow['metric'])}"


def _metric_words(metric):
    if isinstance(metric, str):
        return f"{metric} metric"
    if "positive" in metric:
        return f"mirror metric on {', '.join(metric['positive'])} and euclidean on the others"
    text = ", ".join(f"M[{i + 1},{j + 1}] = {f}" for i, j, f in metric["entries"])
    if len(text) > SHOWN:
        text = f"of {len(metric['entries'])} entries in this file"
    if metric["denominator"] != "1":
        text += " over " + (
            metric["denominator"] if len(metric["denominator"]) <= SHOWN else "the denominator in this file"
        )
    return f"metric {text}" + (" at the dual point" if metric["at"] == "dual" else "")
