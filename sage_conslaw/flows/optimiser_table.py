r"""
What is known of each optimiser of ``torch.optim``, and of others that people run: the manual's table.
"""
from dataclasses import dataclass
from fractions import Fraction

from .discretised import (
    of_adadelta, of_adagrad, of_adam, of_adamax, of_asgd, of_layers, of_lion, of_nadam, of_radam, of_rescaled,
    of_rmsprop, of_rprop, of_sgd,
)
from .sign import sign
from .uncounted import uncounted

ONE = Fraction(1)


@dataclass(frozen=True)
class Optimiser:
    """
    What is known of an optimiser: one line of the manual's table.

    - ``defaults`` -- its hyperparameters; ``build`` -- a function of these to a flow; ``torch`` -- the class of
      ``torch.optim``, or ``""``

    - ``kept``, ``lost`` -- the laws, in words; ``known`` -- ``"proved"``, ``"known"`` or ``"measured"``, and where
    """

    defaults: dict
    build: object
    torch: str
    kept: str
    lost: str
    known: str


_SGD = {"lr": ONE / 1000, "momentum": 0, "dampening": 0, "weight_decay": 0, "nesterov": False}
_ADAM = {
    "lr": ONE / 1000, "betas": (Fraction(9, 10), Fraction(999, 1000)), "eps": Fraction(1, 10**8), "weight_decay": 0,
}
_NONE = "none of gradient flow's; behind a softmax, sums of first moments times `e^{at}`"
_BARE = "none of gradient flow's"
_PROVED = "proved, network by network"

# Each optimiser of torch.optim, and others that people run.
OPTIMISERS = {
    "sgd": Optimiser(
        _SGD, of_sgd, "SGD",
        "without momentum all of gradient flow; with it those of momentum flow; affine ones exactly in steps",
        "with momentum the symmetric balances; with decay each law times an exponential", "proved",
    ),
    "sgdw": Optimiser(
        _SGD, lambda h: of_sgd(h, decoupled=True), "", "as SGD, decay acting on the weights alone", "as SGD", "proved"
    ),
    "asgd": Optimiser(
        {"lr": ONE / 100, "lambd": ONE / 10**4, "alpha": Fraction(3, 4), "t0": 10**6, "weight_decay": 0}, of_asgd,
        "ASGD", "those of gradient flow, times exponentials of the summed steps", "none", "proved",
    ),
    "rprop": Optimiser(
        {"lr": ONE / 100, "etas": (ONE / 2, Fraction(6, 5)), "step_sizes": (ONE / 10**6, 50)}, of_rprop, "Rprop",
        "those of sign flow: `\\sigma_u u - \\sigma_v v` where gradients are proportional", "all others", "proved",
    ),
    "adam": Optimiser(
        {**_ADAM, "amsgrad": False, "decoupled_weight_decay": False}, of_adam, "Adam", _NONE, "all", _PROVED
    ),
    "adamw": Optimiser(
        {**_ADAM, "weight_decay": ONE / 100, "amsgrad": False}, lambda h: of_adam(h, decoupled=True), "AdamW", _NONE,
        "all; on diagonal networks the balance obeys an equation of its own, see below", _PROVED,
    ),
    "nadam": Optimiser(
        {**_ADAM, "lr": ONE / 500, "momentum_decay": ONE / 250, "decoupled_weight_decay": False}, of_nadam, "NAdam",
        _NONE, "all", _PROVED,
    ),
    "radam": Optimiser({**_ADAM, "decoupled_weight_decay": False}, of_radam, "RAdam", _NONE, "all", _PROVED),
    "rmsprop": Optimiser(
        {
            "lr": ONE / 100, "alpha": Fraction(99, 100), "eps": ONE / 10**8, "weight_decay": 0, "momentum": 0,
            "centered": False,
        },
        of_rmsprop,
        "RMSprop",
        "none of gradient flow's; centred and behind a softmax, sums of mean gradients times `e^{bt}`",
        "all",
        _PROVED,
    ),
    "adagrad": Optimiser(
        {"lr": ONE / 100, "lr_decay": 0, "weight_decay": 0, "initial_accumulator_value": 0, "eps": ONE / 10**10},
        of_adagrad, "Adagrad", _BARE, "all", _PROVED,
    ),
    "adadelta": Optimiser(
        {"lr": 1, "rho": Fraction(9, 10), "eps": ONE / 10**6, "weight_decay": 0}, of_adadelta, "Adadelta", _BARE, "all",
        _PROVED,
    ),
    "adamax": Optimiser(
        {**_ADAM, "lr": ONE / 500}, of_adamax, "Adamax",
        "none of gradient flow's that is analytic; sums of first moments as for Adam", "all", _PROVED,
    ),
    "sparseadam": Optimiser(
        {key: _ADAM[key] for key in ("lr", "betas", "eps")},
        uncounted(
            "sparseadam", "rows without a gradient stand still, moments too",
            "its laws are among those of adam, as all rows may be touched in every step",
            "take adam, whose count is an upper bound",
        ),
        "SparseAdam",
        "at most those of Adam",
        "all",
        _PROVED,
    ),
    "adafactor": Optimiser(
        {"lr": ONE / 100, "beta2_decay": Fraction(-4, 5), "eps": (0, ONE / 1000), "d": 1, "weight_decay": 0},
        uncounted(
            "adafactor", "it divides by the root of a product of row and column means",
            "the balances of gradient flow drift at zeroth order (measured)",
            "take adam or rmsprop, which keep a moment for each entry",
        ),
        "Adafactor",
        "no balance",
        "all balances",
        "measured",
    ),
    "lbfgs": Optimiser(
        {
            "lr": 1, "max_iter": 20, "max_eval": None, "tolerance_grad": ONE / 10**7, "tolerance_change": ONE / 10**9,
            "history_size": 100, "line_search_fn": None,
        },
        uncounted(
            "lbfgs",
            "its metric is made of the last steps and gradients",
            "affine laws are kept exactly, as each step is a combination of gradients "
            "(proved); balances drift at zeroth order (measured)",
            "take sgd for the laws of gradient flow",
        ),
        "LBFGS",
        "affine ones, exactly: each step is a combination of gradients",
        "balances",
        "proved; measured",
    ),
    "muon": Optimiser(
        {
            "lr": ONE / 1000, "weight_decay": ONE / 10, "momentum": Fraction(19, 20), "nesterov": True,
            "ns_coefficients": (Fraction(34445, 10**4), Fraction(-4775, 1000), Fraction(20315, 10**4)),
            "eps": ONE / 10**7, "ns_steps": 5, "adjust_lr_fn": None,
        },
        uncounted(
            "muon",
            "it moves a matrix by an odd function of the singular values of its momentum",
            "sums l^T W = const. with l^T grad = 0 are kept, times the decay (proved); for aligned factors sqrt(P^T "
            "P) - sqrt(Q Q^T) is conserved (known); other balances drift at zeroth order (measured)",
            "take sgd, or flows.sign() for its diagonal case",
        ),
        "Muon",
        "sums `l^T W` with `l^T \\nabla = 0`, times the decay; for aligned factors `\\sqrt{P^T P} - \\sqrt{Q Q^T}`",
        "balances elsewhere",
        "proved; known; measured",
    ),
    "signsgd": Optimiser({"lr": ONE / 1000}, lambda h: sign(), "", "those of sign flow", "all others", "proved"),
    "lion": Optimiser(
        {"lr": ONE / 10**4, "betas": (Fraction(9, 10), Fraction(99, 100)), "weight_decay": 0}, of_lion, "",
        "without momentum those of sign flow", "with momentum not known", "proved",
    ),
    "lars": Optimiser(
        {"lr": ONE / 10, "momentum": 0, "weight_decay": 0}, of_layers, "", "laws within one array of parameters",
        "laws between layers", "proved for all layer-wise rates together",
    ),
    "lamb": Optimiser(
        {"lr": ONE / 1000, "moments": True, "weight_decay": 0}, of_layers, "", "without moments as LARS", "as LARS",
        "proved",
    ),
    "clipped": Optimiser(
        {"lr": ONE / 100, "momentum": 0, "weight_decay": 0}, of_rescaled("clipped"), "",
        "as SGD: one rate for all coordinates", "as SGD", "proved",
    ),
    "normalised": Optimiser(
        {"lr": ONE / 100, "momentum": 0, "weight_decay": 0}, of_rescaled("normalised"), "",
        "as SGD: one rate for all coordinates", "as SGD", "proved",
    ),
}


def table():
    """Return what is known of every optimiser as a table of the manual, in reStructuredText."""
    lines = [".. list-table::", "   :header-rows: 1", "   :widths: 14 40 30 16", ""]
    rows = [("optimiser", "laws kept", "laws lost or changed", "how it is known")]
    for name, entry in OPTIMISERS.items():
        title = f"``torch.optim.{entry.torch}``" if entry.torch else f"``{name}``"
        rows.append((title, *map(_mathematics, (entry.kept, entry.lost, entry.known))))
    for row in rows:
        lines += [f"   {'* - ' if number == 0 else '  - '}{cell}" for number, cell in enumerate(row)]
    return "\n".join(lines)


def _mathematics(text):
    """Write what stands between single quotes of code as mathematics."""
    parts = text.split("`")
    return "".join(f":math:`{part}`" if number % 2 else part for number, part in enumerate(parts))
