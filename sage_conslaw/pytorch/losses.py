r"""
Losses that a model computes itself: what matters is which covectors reach its outputs.

Cross-entropy gives covectors that sum to zero over the classes, and none where the label is ignored: labels that are
shifted by one leave the last position without a loss.  Least squares and logistic losses give any covector, as long as
the targets are free.  Where they are not, ``F.mse_loss(x, model(x))`` say, the squares are written out.

A loss that goes on, ``2 * loss + other``, is read as ``<c, outputs>`` with `c` any covector that the loss may have: its
gradient is that of the loss for some `c`, and what follows may therefore add and rescale, but not multiply two losses.
"""
import numpy as np

from ..graph.cuts import differences
from ..graph.joining import concatenate
from ..graph.tensor import Data, Parameter, Tensor
from .refusals import Refused, operator_name
from .values import Loss, Masked, Pointwise, SquareMean, Tokens, flattened

# What a loss may pass through: all are linear in it.
LINEAR = frozenset(
    "add sub rsub neg mul div true_divide sum mean stack cat view reshape _unsafe_view unsqueeze squeeze "
    "flatten".split()
)
_PRODUCTS = frozenset("mul div true_divide".split())


def _labels(reader, labels):
    if isinstance(labels, Tokens):
        return labels.values
    if reader.known(labels):
        return labels
    raise Refused("the labels depend on parameters")


def _with_loss(reader, rows, labels, ignored):
    """Return the rows whose label is not ignored."""
    kept = np.flatnonzero(labels.numpy().ravel() != ignored)
    if not len(kept):
        raise Refused("all labels of the example are ignored; give labels that occur")
    if len(kept) == rows.shape[0]:
        return rows
    reader.note(
        f"{rows.shape[0] - len(kept)} of {rows.shape[0]} positions have no loss, as in the labels of the example"
    )
    return rows[kept]


def cross_entropy(reader, node, logits, labels, weight=None, reduction=1, ignored=-100, smoothing=0.0):
    """Return cross-entropy over classes; positions whose label is ignored have no loss."""
    logits = reader.tensor(logits)
    if len(logits.shape) > 2:
        # PyTorch has classes along axis 1; rows of classes are wanted.
        logits = logits.transpose([0, *range(2, len(logits.shape)), 1])
        logits = logits.reshape(-1, logits.shape[-1])
    # Weights of classes and smoothing are not looked at: they rescale the covectors ``p - e_y`` and mix labels, and the
    # sum over the classes stays zero.
    if not reader.known(labels) and not isinstance(labels, Tokens):
        # Probabilities of classes are data: nothing is ignored.
        return _soft(reader, logits, labels)
    labels = _labels(reader, labels)
    if labels.dtype.is_floating_point:
        return Loss(logits, "cross-entropy")
    return Loss(_with_loss(reader, logits.reshape(-1, logits.shape[-1]), labels, ignored), "cross-entropy")


def _soft(reader, logits, labels):
    """Return cross-entropy with probabilities as labels; those that are trained themselves get slopes of their own."""
    if not _trained(_leaves(reader, labels)):
        return Loss(logits, "cross-entropy")
    reader.note("the labels of a cross-entropy depend on parameters; its slopes there are taken as arbitrary")
    labels = reader.tensor(labels)
    # With p = softmax(z) the slope of -<t, log p> in z is p sum(t) - t, of sum zero; that in t is -log p, read as free.
    pulls = logits * _sum_zero("slopes_of_loss", logits.shape), labels * _any("slopes_of_labels", labels.shape)
    return Loss(sum(pull.sum(tuple(range(len(pull.shape)))) for pull in pulls), "least-squares")


def negative_likelihood(reader, node, logarithms, labels, weight=None, reduction=1, ignored=-100):
    """Return the negative log-likelihood of logarithms of probabilities."""
    logarithms = reader.tensor(logarithms)
    if len(logarithms.shape) > 2:
        logarithms = logarithms.transpose([0, *range(2, len(logarithms.shape)), 1])
    rows = logarithms.reshape(-1, logarithms.shape[-1])
    # Any covector: that classes sum to zero is said by the cut of the log softmax before it, if there is one.
    return Loss(_with_loss(reader, rows, _labels(reader, labels), ignored), "least-squares")


def _any(name, shape):
    return Data(name, tuple(shape), "input")


def _sum_zero(name, shape):
    return Data(name, (*shape[:-1], shape[-1] - 1), "input") @ differences(shape[-1])


def _leaves(reader, value):
    """Return parameters and data that a value depends on."""
    if not isinstance(value, (Tensor, Pointwise, SquareMean)):
        return set()
    return {node for node in reader.tensor(value).ancestors(through_data=True) if isinstance(node, (Parameter, Data))}


def _trained(leaves):
    return any(isinstance(leaf, Parameter) for leaf in leaves)


def _free(reader, output, target):
    """Return whether targets are data that the outputs do not depend on."""
    if isinstance(target, Tokens):
        return True
    leaves = _leaves(reader, target)
    # Data that the outputs depend on too are no free targets: with ``x`` as target of ``model(x)`` the error is none
    # that can be chosen.
    return bool(leaves) and not _trained(leaves) and not leaves & _leaves(reader, output)


def any_covector(reader, node, output, target, *rest, **keywords):
    """Return a loss that gives any covector: least squares, absolute and Huber's errors, logistic losses."""
    output_tensor = reader.tensor(output)
    if _free(reader, output, target):
        return Loss(output_tensor, "least-squares")
    name, trained = operator_name(node), _trained(_leaves(reader, target))
    if name == "mse_loss":
        return _reduced(reader, _squares(output_tensor - reader.tensor(target)), rest, keywords)
    reader.note(f"the targets of {name} are not free; its slopes are taken as arbitrary")
    # Functions of the difference alone: the slopes at output and target are one covector and its negative.
    if name in ("l1_loss", "smooth_l1_loss", "huber_loss"):
        return Loss(output_tensor - reader.tensor(target), "least-squares")
    if not trained:
        return Loss(output_tensor, "least-squares")
    # Both move with parameters, and are pulled at by slopes of which nothing more is known.
    return Loss(concatenate([output_tensor.reshape(-1), reader.tensor(target).reshape(-1)]), "least-squares")


def _squares(tensor):
    return tensor * tensor


def _reduced(reader, tensor, rest, keywords):
    """Return the mean, the sum or each of some errors, as the number of the reduction says."""
    reduction = rest[0] if rest else keywords.get("reduction", 1)
    axes = tuple(range(len(tensor.shape)))
    return tensor if not reduction or not axes else tensor.mean(axes) if reduction == 1 else tensor.sum(axes)


def passed_on(reader, name, values):
    """Return the arguments of an operation in which losses are linear forms of their outputs."""
    if name not in LINEAR:
        raise Refused(
            f"a loss enters {name}, which is not linear; return the outputs of the network and name the loss, or "
            "return the loss alone, or a weighted sum of losses"
        )
    others = [value for value in flattened(values) if not isinstance(value, Loss)]
    losses = [value for value in flattened(values) if isinstance(value, Loss)]
    if name in _PRODUCTS and (
        len(losses) > 1
        # A quotient by a loss is not linear in it; a product with a loss on either side is.
        or len(values) > 1 and name != "mul" and isinstance(values[1], Loss)
        or any(isinstance(value, Masked) or _trained(_leaves(reader, value)) for value in others)
    ):
        raise Refused(
            "a loss is multiplied or divided by what depends on parameters; weights of losses are numbers or data"
        )
    return [_linear(reader, value) for value in values]


def _linear(reader, value):
    if isinstance(value, (list, tuple)):
        return [_linear(reader, part) for part in value]
    if not isinstance(value, Loss):
        return value
    output, shape = value.output, tuple(value.shape)
    slopes = _sum_zero if value.kind == "cross-entropy" else _any
    form = output * slopes("slopes_of_loss", output.shape)
    reader.note("a loss that enters a sum is read by its slopes at the outputs, which are free")
    if not shape:
        return form.sum(tuple(range(len(output.shape)))) if output.shape else form
    if value.kind == "cross-entropy":
        form = form.sum(len(output.shape) - 1)
    # ``reduction="none"`` has an entry for each position; ignored ones were taken out above, so that the places are
    # lost.
    if form.size != int(np.prod(shape, dtype=np.int64)):
        raise Refused("a loss with an entry for each position leaves some of them out")
    return form.reshape(*shape)
