r"""
Combinations of features as one expression: `U^\top U - V V^\top`, entry by entry or for blocks of indices.
"""


def combination(features, coefficients, size, matrix=None):
    r"""
    Return a combination of features as text and LaTeX, and which entries it stands for.

    INPUT:

    - ``matrix`` -- ``"all"`` for a symmetric matrix, a number for diagonal blocks of that size, a tuple with the class
      of each index for blocks that are not next to each other or not of one size, ``None`` for a vector
    """
    chosen = [(features[k], value) for k, value in coefficients.items()]
    skew = any(feature.others is not None and not feature.product for feature, _ in chosen)
    # Words of the whole say all entries at once; else the entry j is written, and for which j it holds.
    whole = matrix is not None or skew or (len(chosen) == 1 and chosen[0][0].degree == 1)
    fronts = {feature.front for feature, _ in chosen}
    common = fronts.pop() if len(fronts) == 1 else None
    out = []
    for language in (0, 1):
        text = ""
        for feature, value in chosen:
            word = feature.words[0 if whole else 1][language]
            sign = "-" if value < 0 else "+"
            number = "" if abs(value) == 1 else f"{abs(value)}{'*' if not language else ' '}"
            front = "" if common is not None else feature.front[language]
            if skew and value < 0:
                # The minus sign of a skew matrix swaps its two parts.
                first, _, second = word.partition(" - ")
                word, sign = (f"{second} - {first}", "+") if second else (word, sign)
            # A factor belongs to both parts.
            if skew and (number or front) and " - " in word:
                word = f"({word})"
            text += (f" {sign} " if text else "-" if sign == "-" else "") + front + number + word
        # A power of time that all terms share stands once, before the parenthesis.
        if common is not None and common[language]:
            text = f"{common[language]}({text})" if language == 0 else rf"{common[language]}\left({text}\right)"
        if not whole:
            text += chosen[0][0].words[2 + language]
        out.append(text)
    if matrix == "all":
        shape = f"symmetric {size} x {size}"
    elif isinstance(matrix, tuple):
        shape = f"symmetric {size} x {size}, the entries within {_classes(matrix)}"
    elif matrix is not None:
        shape = f"block diagonal, {size // matrix} symmetric blocks {matrix} x {matrix}"
    else:
        shape = ""
    return out[0], out[1], shape


def _classes(matrix):
    """Return the classes of indices as text, those with one index last, in one word."""
    classes = {}
    for index, which in enumerate(matrix, 1):
        classes.setdefault(which, []).append(str(index))
    larger = ["{" + ",".join(members) + "}" for members in classes.values() if len(members) > 1]
    shown = ", ".join(larger[:4]) + (f" and {len(larger) - 4} more classes" if len(larger) > 4 else "")
    return shown + (", and the diagonal" if len(larger) < len(classes) else "")
