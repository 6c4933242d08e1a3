r"""
Losses that a model computes itself: what matters is which covectors reach its outputs.

Cross-entropy gives covectors that sum to zero over the classes, and none where the label is ignored: labels that are
shifted by one leave the last position without a loss.  Least squares and logistic losses give any covector.
"""
import numpy as np

from .refusals import Refused
from .values import Loss, Tokens


def _labels(reader, labels):
    if isinstance(labels, Tokens):
        return labels.values
    if reader.known(labels):
        return labels
    raise Refused("the labels depend on parameters")


def cross_entropy(reader, node, logits, labels, weight=None, reduction=1, ignored=-100, smoothing=0.0):
    """Return cross-entropy over classes; positions whose label is ignored have no loss."""
    logits = reader.tensor(logits)
    if len(logits.shape) > 2:
        logits = logits.transpose([0, *range(2, len(logits.shape)), 1])
        logits = logits.reshape(-1, logits.shape[-1])
    if not reader.known(labels) and not isinstance(labels, Tokens):
        # Probabilities of classes are data: nothing is ignored.
        return Loss(logits, "cross-entropy")
    labels = _labels(reader, labels)
    if labels.dtype.is_floating_point:
        return Loss(logits, "cross-entropy")
    kept = np.flatnonzero(labels.numpy().ravel() != ignored)
    if not len(kept):
        raise Refused("all labels of the example are ignored; give labels that occur")
    rows = logits.reshape(-1, logits.shape[-1])
    if len(kept) == rows.shape[0]:
        return Loss(rows, "cross-entropy")
    reader.note(
        f"{rows.shape[0] - len(kept)} of {rows.shape[0]} positions have no loss, as in the labels of the example"
    )
    return Loss(rows[kept], "cross-entropy")


def negative_likelihood(reader, node, logarithms, labels, *rest):
    """Return the negative log-likelihood of logarithms of probabilities."""
    logarithms = reader.tensor(logarithms)
    if len(logarithms.shape) > 2:
        logarithms = logarithms.transpose([0, *range(2, len(logarithms.shape)), 1])
    rows = logarithms.reshape(-1, logarithms.shape[-1])
    kept = np.flatnonzero(_labels(reader, labels).numpy().ravel() != -100)
    return Loss(rows if len(kept) == rows.shape[0] else rows[kept], "least-squares")


def any_covector(reader, node, output, target, *rest, **keywords):
    """Return a loss that gives any covector: least squares, absolute and Huber's errors, logistic losses."""
    return Loss(reader.tensor(output), "least-squares")
