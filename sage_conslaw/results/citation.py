r"""
What to cite for a result: the package, and the papers whose theorems it used.
"""
from .. import __version__

AUTHORS = r"Marcotte, Sibylle and Gribonval, R{\'e}mi and Peyr{\'e}, Gabriel"
MODERN = "Tran, Viet-Hoang and Bui, Vinh Khanh and Ngoc, Tan Lai and Nguyen, Nam and Dam, Tuan and Nguyen, Tan M."
SYSTEMS = (r"Desoeuvres, Aur{\'e}lien and Iosif, Alexandru and L{\"u}ders, Christoph and Radulescu, Ovidiu and "
           r"Rahkooy, Hamid and Sei{\ss}, Matthias and Sturm, Thomas")
ICML = "International Conference on Machine Learning"


def _paper(author, title, venue, year, kind="inproceedings", where="booktitle"):
    return kind, {"author": author, "title": f"{{{title}}}", where: venue, "year": year}


ENTRIES = {
    "MGP2023": _paper(AUTHORS, "Abide by the Law and Follow the Flow: Conservation Laws for Gradient Flows",
                      "Advances in Neural Information Processing Systems", "2023"),
    "MGP2024": _paper(AUTHORS, "Keep the Momentum: Conservation Laws beyond Euclidean Gradient Flows", ICML, "2024"),
    "MGP2025": _paper(AUTHORS, "Transformative or Conservative? Conservation laws for ResNets and Transformers", ICML,
                      "2025"),
    "Tran2026": _paper(MODERN, "Conservation Laws for Modern Neural Architectures", ICML, "2026"),
    "Desoeuvres2024": _paper(SYSTEMS, "A Computational Approach to Polynomial Conservation Laws",
                             "SIAM Journal on Applied Dynamical Systems", "2024", "article", "journal"),
}

_MODERN_2025 = ("attention", "transformer_block", "convolutional")
_MODERN_2026 = ("gated", "mixture", "perceptron", "attention", "transformer_block")


def keys_for(architecture, flow, algorithm, loss):
    r"""
    Return the keys of the papers whose theorems a result used.

    EXAMPLES::

        sage: from sage_conslaw.results.citation import keys_for
        sage: keys_for("linear", "momentum", "modular", "least-squares")
        ['MGP2023', 'MGP2024']
        sage: keys_for("attention", "gradient", "modular", "least-squares")
        ['MGP2023', 'MGP2025', 'Tran2026']
        sage: keys_for("system", "drift", "syzygies", "none")
        ['MGP2023', 'Desoeuvres2024']
    """
    # The count N - r by Frobenius is theirs, whatever the flow.
    keys = ["MGP2023"]
    # Second-order flows and non-Euclidean metrics.
    if flow in ("momentum", "nesterov") or architecture in ("nmf", "icnn"):
        keys.append("MGP2024")
    # Attention, convolutions, and the loss whose covectors sum to zero.
    if architecture in _MODERN_2025 or loss == "cross-entropy":
        keys.append("MGP2025")
    if architecture in _MODERN_2026:
        keys.append("Tran2026")
    if architecture == "system":
        keys.append("Desoeuvres2024")
    return keys


def bibtex(keys):
    """Return the BibTeX entries of some papers and of the package."""
    package = (
        "software",
        {
            "author": "{The sage_conslaw developers}",
            "title": "{sage_conslaw: all conservation laws of a training dynamics, with proof}",
            "version": __version__,
        },
    )
    entries = [("sage_conslaw", package)] + [(key, ENTRIES[key]) for key in keys]
    return "\n".join(
        f"@{kind}{{{key},\n" + "".join(f"  {name} = {{{value}}},\n" for name, value in fields.items()) + "}"
        for key, (kind, fields) in entries
    )
