r"""
What a result may say of the real network: from the model's bounds and the certified rank of the real fields.

Laws of the model are laws of the real network, so the number of laws of the real network lies between `m` and
`N - r_{real}`, with no assumption. Three endings: the real rank reaches the model's, and everything holds for the real
network; it stagnates below, and the result is two bounds; or it was not computed, and the result holds under the span
condition.
"""
from dataclasses import replace

from ..flows.flow_family import FlowFamily
from ..flows.spanned import WrittenFamily
from ..exact.primes import random_prime
from ..graph.response import NetworkResponse
from .certified import RealRank
from .grow import control_rank
from .homogeneous import directions
from .rank import certified_rank
from .reading import real_network
from .sign_classes import certified_classes
from .work import DEFAULT
from ..runtime.errors import InputTypeError


def checked(real):
    """Return ``True``, ``False`` or ``None``, or say what is wrong with it."""
    if real is not None and not isinstance(real, bool):
        raise InputTypeError(f"real {real!r} is not True (insist), False (leave it) or None (try for about a second)")
    return real


def known_at_once(family, rank):
    """
    Return that the real fields have the model's rank, where the model is the dynamics, the network or the data; else
    ``None``.
    """
    if isinstance(family, WrittenFamily) or getattr(family, "gradients", None) is not None:
        # An optimiser's fields, written out from the gradients: where these are the network's, so are they.
        gradients = known_at_once(family.gradients, 0) if family.gradients is not None else None
        return gradients and replace(gradients, rank=rank)
    if not isinstance(family, FlowFamily):
        return RealRank(rank, (), "dynamics", True, False, local=False)
    if getattr(family, "on_given_data", False):
        point = getattr(family, "region_point", None)
        return RealRank(rank, (), "data", True, False, point=point, local=point is not None)
    if not isinstance(family.response, NetworkResponse) or real_network(family.response).kind != "polynomial":
        return None
    given = getattr(family.response, "given_inputs", None)
    return RealRank(rank, (), "polynomial", True, False, local=False) if given is None else None


def real_rank(family, rank, generator, deadline=None, real=None):
    r"""
    Return what is certified of the real fields, asked for the model's rank; ``None`` where nothing is known of a real
    network, or it is left.
    """
    known = known_at_once(family, rank)
    if known is not None:
        return known
    if real is False:
        return None
    if isinstance(family, WrittenFamily) or getattr(family, "gradients", None) is not None:
        return _of_gradients(family, rank, generator, deadline, real)
    if not isinstance(family.response, NetworkResponse):
        return None
    # With given samples the real fields are those of the samples; a list then speaks of this training alone.
    inputs = getattr(family.response, "given_inputs", None)
    found = certified_rank(family, rank, generator, deadline, None if real else DEFAULT, inputs)
    targets = getattr(family.response, "given_targets", None)
    # Multiples of one field by numbers commute: the Lie algebra has rank one.  A drift would add brackets.
    alone = targets is not None and len(targets) == 1 or directions(real_network(family.response), family.response) == 1
    return replace(found, most=1) if alone and family.drift is None else found


def _of_gradients(family, rank, generator, deadline, real):
    """
    Return what is certified of an optimiser that reads the gradients at each point: a law is a function whose
    derivative vanishes on a function of each element of their span, so that equal spans around a point have equal laws
    there.
    """
    gradients = family.gradients
    if gradients is None or not isinstance(gradients.response, NetworkResponse):
        return None
    if family.reads_signs and real_network(gradients.response).kind == "patterns":
        return certified_classes(gradients.response, rank, generator)
    # Only single letters count: an optimiser may be no combination of gradients; their brackets say nothing of it.
    model = control_rank(gradients, generator, random_prime(generator), gradients.dimension, 1)
    found = certified_rank(gradients, model, generator, deadline, None if real else DEFAULT)
    if found.method is None or not found.words:
        return replace(found, rank=0, reached=False)
    if found.words[0] >= model:
        return replace(found, rank=rank, reached=True, spans=True, reason=None)
    short = found.reached or found.less
    reason = f"real gradients have rank {found.words[0]} of the model's {model} at the points tried"
    return replace(found, rank=0, reached=False, short=short, reason=reason if short else found.reason)


def words(real, assumption):
    """Return in words why there is no assumption, or which there is."""
    if assumption == "span":
        reason = f"; {real.reason}" if real is not None and real.reason else ""
        return f"complete where real gradients span what the model does: the span condition{reason}"
    if real is None or real.method == "dynamics":
        return "no assumption: the fields are the dynamics"
    if real.method == "polynomial":
        return "no assumption: the network is polynomial, and the model is the network"
    if real.method == "data":
        exactly = "no assumption: the fields are those of the given samples, exactly"
        return exactly if real.point is None else f"{exactly}, on the region of activation around a point"
    here = "this holds on the region around it"
    met = f"at a point with {real.patterns} patterns of activation"
    elsewhere = f"computed exactly; {here}, and elsewhere there may be more laws"
    if real.method == "signs":
        return (
            f"no assumption: coordinates of real gradients {met} fall into {real.rank} classes of proportional ones at "
            f"least, {elsewhere}"
        )
    if real.method == "patterns":
        found = "span what the model's do" if real.spans else f"have rank {real.rank}"
        return f"no assumption: real gradients {met} {found}, {elsewhere}"
    # Analytic: a minor that is not zero at one point vanishes on a set of measure zero, where paths join the points.
    generic = "at generic points" + (" that paths join to it on which no norm divides by zero" if real.divides else "")
    if real.spans:
        return (
            "no assumption: real gradients span what the model's do around a point, proved in ball arithmetic, and so "
            f"do their brackets; {here if real.local else f'so they do {generic}'}"
        )
    return (
        f"no assumption: real gradients and their brackets have rank {real.rank} at a point, proved in ball "
        f"arithmetic; {here if real.local else f'so they have {generic}'}"
    )
