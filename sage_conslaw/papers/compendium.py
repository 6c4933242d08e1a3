r"""
The compendium: what the literature claims of each architecture, kept apart from what is computed.

A claim is a number of independent laws as a formula in the sizes, with its source and its conditions.
:func:`compendium` recomputes each one; where the two differ, the table says so.
"""
from dataclasses import dataclass

from .._sage import SageObject
from ..engine.api import conservation_laws
from ..flows import momentum, sign
from ..networks import (
    attention,
    convolutional,
    gated,
    icnn,
    linear,
    lora,
    mixture,
    nmf,
    normalised,
    perceptron,
    product,
    relu,
    residual,
    transformer_block,
)
from ..results.tables import html_table, text_table
from .forgotten_facts import FACTS, RANKS


@dataclass(frozen=True)
class Claim:
    r"""
    What a source says of an architecture.

    - ``name`` -- the architecture, at the size that is recomputed; ``build`` -- a function that returns the network

    - ``laws`` -- the laws, in words; ``number`` -- how many independent ones are claimed, ``None`` if the source gives
      no number

    - ``source`` -- paper and statement; ``conditions`` -- under which it is claimed; ``flow``, ``loss`` -- as in
      :func:`conservation_laws`
    """

    name: str
    build: object
    laws: str
    number: object
    source: str
    conditions: str = ""
    flow: object = None
    loss: object = None


def _below(r, k):
    """Return the number of independent entries of `U^T U - V V^T` of rank ``r`` with ``k`` inputs and outputs."""
    # Symmetric matrices of size r: r (r + 1)/2; those of rank at most k < r: r k - k (k - 1)/2.
    return r * (r + 1) // 2 if r <= k else k * r - k * (k - 1) // 2


# Numbers that this project found first: the comparison is then with another program, not with a source.
_RECOMPUTED = "recomputed by an independent program, found in no source"

CLAIMS = (
    Claim("product of 4 scalars", lambda: product(4), "x_i^2 - x_j^2", 3, "MGP2023, Example 2.8"),
    # U1^T U1 - U2 U2^T is symmetric of size r, and has rank at most (inputs + outputs).
    Claim("linear 3 2 3", lambda: linear([3, 2, 3]), "U1^T U1 - U2 U2^T", _below(2, 6), "MGP2023, Section 4"),
    Claim("linear 1 5 2", lambda: linear([1, 5, 2]), "U1^T U1 - U2 U2^T", _below(5, 3), "MGP2023, Section 4"),
    Claim(
        "linear 2 3 2 2",
        lambda: linear([2, 3, 2, 2]),
        "U_i^T U_i - U_{i+1} U_{i+1}^T",
        _below(3, 4) + _below(2, 5),
        "MGP2023, Section 4",
        "numerical in the source: no proof that there are no others",
    ),
    Claim(
        "linear 1 2 2 1",
        lambda: linear([1, 2, 2, 1]),
        # Not so: with scalar input and output the network has further laws, and the table says that both differ.
        "U_i^T U_i - U_{i+1} U_{i+1}^T, and no others",
        6,
        "MGP2023, Section 4",
        "scalar input and output",
    ),
    Claim(
        "relu 2 3 2, biases",
        lambda: relu([2, 3, 2], bias=True),
        "|in_j|^2 + b_j^2 - |out_j|^2",
        3,
        "MGP2023, Section 4",
    ),
    Claim("relu 2 3 2 2", lambda: relu([2, 3, 2, 2]), "|in_j|^2 - |out_j|^2", 5, "MGP2023, Section 4", "path-lifting"),
    Claim(
        "activation z^3, 2 3 2, biases",
        lambda: perceptron([2, 3, 2], "z^3", bias=True),
        "|in_j|^2 + b_j^2 - 3 |out_j|^2",
        3,
        "Nguyen and Montufar 2026",
    ),
    Claim(
        "convolution and ReLU, 3 hidden channels",
        lambda: convolutional([1, 3, 2]),
        "|v_j|^2 - |u_j|^2 for each channel",
        3,
        "MGP2025",
    ),
    Claim(
        "residual block of relu 2 3 2",
        lambda: residual(relu([2, 3, 2])),
        "as without the skip connection",
        3,
        "MGP2025",
    ),
    Claim(
        "linear 3 4 3, momentum",
        lambda: linear([3, 4, 3]),
        "exp(tau t) (U^T U' - U'^T U + V V'^T - V' V^T)",
        6,
        "MGP2024, Section 4",
        flow=momentum(tau=1),
    ),
    Claim(
        "linear 1 4 1, momentum",
        lambda: linear([1, 4, 1]),
        "the same; 2 (2 r - 3) with one input and output",
        10,
        "MGP2024, Section 4",
        flow=momentum(tau=0),
    ),
    Claim(
        "relu 2 2 2, momentum",
        lambda: relu([2, 2, 2]),
        "none",
        0,
        "MGP2024, Section 4",
        "free covector at the output",
        momentum(tau=0),
    ),
    Claim(
        "nmf 2 3 2",
        lambda: nmf(2, 3, 2),
        "sum_i U_ij - sum_l V_jl",
        3,
        "MGP2024, Section 4",
        "mirror flow of the entropy",
    ),
    Claim(
        "icnn 2 3 2, biases",
        lambda: icnn(2, 3, 2, bias=True),
        "2 sum_i U_ij - |V_j|^2 - b_j^2",
        3,
        "MGP2024, Section 4",
    ),
    Claim(
        "softmax classifier 3 x 2",
        lambda: linear([3, 2]),
        "sums over the classes",
        3,
        "MGP2025",
        "cross-entropy",
        loss="cross-entropy",
    ),
    Claim(
        "linear 3 2 3, cross-entropy",
        lambda: linear([3, 2, 3]),
        "also sums over the classes",
        5,
        _RECOMPUTED,
        "cross-entropy",
        loss="cross-entropy",
    ),
    Claim(
        "relu 3 4 2, cross-entropy",
        lambda: relu([3, 4, 2]),
        "also sums over the classes",
        8,
        _RECOMPUTED,
        "cross-entropy",
        loss="cross-entropy",
    ),
    Claim(
        "attention head, d = 4, d_k = d_v = 2",
        lambda: attention(4, 2),
        "Q^T Q - K^T K, V^T V - O O^T",
        6,
        "MGP2025",
        "at least 2 tokens",
    ),
    Claim("the same with biases on q, k, v", lambda: attention(4, 2, bias=True), "also the key bias", 8, _RECOMPUTED),
    Claim(
        "attention, 4 heads on 2 pairs of keys and values",
        lambda: attention(4, 2, heads=4, kv_heads=2),
        "sum_h Q_h^T Q_h - K^T K, V^T V - sum_h O_h O_h^T for each pair",
        12,
        "Tran et al. 2026",
    ),
    Claim(
        "attention with rotary positions, d_k = 4",
        lambda: attention(4, 4, rotary=True),
        "|Q_J|^2 - |K_J|^2 for each frequency, V^T V - O O^T",
        # One for each of the two frequencies, and a symmetric matrix of size 4.
        2 + 10,
        "Tran et al. 2026",
        "distinct frequencies",
    ),
    Claim(
        "GELU 3 3 2",
        lambda: perceptron([3, 3, 2], "gelu", bias=True),
        "none",
        0,
        "Tran et al. 2026",
        "one hidden layer",
    ),
    Claim("SwiGLU 3 4", lambda: gated(3, 4), "|up_j|^2 - |down_j|^2", 4, "Tran et al. 2026"),
    Claim(
        "mixture of 3 SwiGLU experts, softmax gate",
        lambda: mixture(2, 2, 3),
        "those of the experts, and the sum of the router over experts",
        3 * 2 + 2,
        "Tran et al. 2026",
        "more than one active expert",
    ),
    Claim(
        "the same with normalised sigmoid gates",
        lambda: mixture(2, 2, 3, gate="normalised sigmoid", active=3),
        # Kept as the source has it: the table shows that it differs.
        "claimed: also the sum of the router over experts",
        3 * 2 + 2,
        "Tran et al. 2026",
        "the last law is not conserved",
    ),
    Claim(
        "linear 1 2 3, sign flow",
        lambda: linear([1, 2, 3]),
        "sgn(u_k) V_ki - sgn(u_l) V_li",
        3 * (2 - 1),
        _RECOMPUTED,
        "Marcotte et al. 2025, on Adam simplified to sign descent: numerically none but for n = m = r = 1 (read in a "
        "published summary of the paper); it holds for n, m >= 2, not where one of them is 1",
        flow=sign(),
    ),
    Claim(
        "linear 1 3 1, sign flow",
        lambda: linear([1, 3, 1]),
        "|u_k| - |v_l|, where all are positive",
        2 * 3 - 1,
        _RECOMPUTED,
        "as above",
        flow=sign(),
    ),
    Claim("linear 2 3 2, sign flow", lambda: linear([2, 3, 2]), "none", 0, _RECOMPUTED, flow=sign()),
    Claim(
        "linear - RMS norm with gain - linear, 3 4 2",
        lambda: normalised(3, 4, 2, norm="rms"),
        "|W|^2, g_j^2 - |U_j|^2",
        4 + 1,
        _RECOMPUTED,
    ),
    Claim(
        "linear - layer norm with gain and bias - linear, 3 4 2",
        lambda: normalised(3, 4, 2),
        "also the sums over units of W",
        4 + 3 + 1,
        _RECOMPUTED,
    ),
    Claim(
        "linear - batch norm with gain and bias - linear, 3 4 2",
        lambda: normalised(3, 4, 2, norm="batch"),
        "|W_j|^2, g_j^2 + b_j^2 - |U_j|^2",
        None,
        "no source known",
    ),
    Claim(
        "low-rank adaptation of relu 3 4 2, rank 2",
        lambda: lora([3, 4, 2], 2),
        "A^T A - B B^T in each layer",
        None,
        "no source known",
    ),
    Claim(
        "transformer block, d = 4, 2 heads, GELU",
        lambda: transformer_block(4, 4, heads=2),
        "those of its parts",
        None,
        "no source known",
        "pre-normalisation",
    ),
    *(
        Claim(name, build, laws, number, RANKS, conditions)
        for name, build, laws, number, conditions in FACTS
    ),
)


@dataclass(frozen=True, repr=False)
class Compendium(SageObject):
    r"""
    The claims beside what was computed.

    EXAMPLES::

        sage: from sage_conslaw.papers.compendium import CLAIMS, compendium
        sage: CLAIMS[0].name, CLAIMS[0].number, CLAIMS[0].source
        ('product of 4 scalars', 3, 'MGP2023, Example 2.8')
        sage: table = compendium(claims=CLAIMS[:2], seed=0); table
        architecture          claimed  computed  status  source
        --------------------  -------  --------  ------  --------------------
        product of 4 scalars        3         3  proved  MGP2023, Example 2.8
        linear 3 2 3                3         3  proved  MGP2023, Section 4
        2 architectures, 2 claims agree, 0 differ
        sage: table.differing()
        []
    """

    claims: tuple
    results: tuple

    def differing(self):
        """Return the claims whose number is not the computed one."""
        return [claim for claim, result in zip(self.claims, self.results) if claim.number not in (None, result.number)]

    def _cells(self):
        return [
            (
                claim.name,
                "-" if claim.number is None else str(claim.number),
                str(result.number),
                result.status,
                claim.source,
            )
            for claim, result in zip(self.claims, self.results)
        ]

    def _repr_(self):
        lines = text_table(("architecture", "claimed", "computed", "status", "source"), self._cells(), right=(1, 2))
        claimed = [claim for claim in self.claims if claim.number is not None]
        # A claim without a number neither agrees nor differs: it is in the table for its laws.
        wrong = len(self.differing())
        return "\n".join(
            [*lines, f"{len(self.claims)} architectures, {len(claimed) - wrong} claims agree, {wrong} differ"]
        )

    def _repr_html_(self):
        head = ("architecture", "laws", "claimed", "computed", "status", "source")
        return html_table(
            head, [(name, claim.laws, *rest) for claim, (name, *rest) in zip(self.claims, self._cells())]
        )


def compendium(claims=CLAIMS, seed: int | None = 0) -> Compendium:
    r"""
    Recompute what the literature claims, and return the table of both; each number is proved, or its status says
    otherwise.

    EXAMPLES::

        sage: from sage_conslaw.papers.compendium import compendium
        sage: table = compendium()
        sage: [claim.name for claim in table.differing()]
        ['linear 1 2 2 1', 'the same with normalised sigmoid gates']
    """
    # The number that is claimed is not handed over: what is computed knows nothing of it.
    results = tuple(conservation_laws(claim.build(), flow=claim.flow, loss=claim.loss, seed=seed) for claim in claims)
    return Compendium(tuple(claims), results)
