r"""
A result in one sentence of mathematics: how many laws there are, where, and what of that is proved.

The easy case: "2 independent laws of degree at most 2 in 3 parameters, complete (proved, no assumption)".  The famous
one: of one input and one output four layers deep six laws are found and the bounds leave a seventh, "between 6 and 7 in
all (bounded)".  Bounds are said as bounds, a probability as a probability.
"""


def _count(number, noun):
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _laws(number):
    return _count(number, "independent law")


def _proved(result):
    """Say of what a proved result is proved."""
    if result.flow in ("drift", "family"):
        # The fields are the dynamics.
        return "proved"
    return "proved, no assumption" if result.assumption == "none" else "proved under the span condition"


def _certainty(result):
    if result.status == "proved":
        return _proved(result)
    if result.error_bound is None:
        return result.status
    return f"probable, error at most {result.error_bound:.1e}"


def _space(result):
    if result.flow in ("drift", "family"):
        return _count(result.state_dimension, "coordinate")
    if result.state_dimension != result.parameters:
        return f"{_count(result.state_dimension, 'state coordinate')} ({_count(result.parameters, 'parameter')})"
    return _count(result.parameters, "parameter")


def _beyond_the_model(result):
    """Say that the real network may have laws that the model has not."""
    # Said only where real fields were seen to span less: a model that is merely not certified says nothing of the kind.
    missing = result.number - result.laws_at_least
    return f": the real network may have {missing} more" if missing and result.real and result.real.less else ""


def sentence_of_count(result) -> str:
    """Return a count as a sentence."""
    if result.status == "bounded":
        bounded = "; ".join(["bounded", *result.forgotten])
        between = f"between {result.laws_at_least} and {_laws(result.number)}"
        return f"{between} in {_space(result)} ({bounded}){_beyond_the_model(result)}"
    # It may hold on a region only.
    where = "" if result.region is None else f", {result.region.where()}"
    return f"{_laws(result.number)} in {_space(result)} ({_certainty(result)}){where}"


def sentence_of_laws(result) -> str:
    """Return the result of a search as a sentence."""
    found = f"{_laws(result.independent_laws_found)} of degree at most {result.degree} in {_space(result)}"
    if result.complete is True:
        return f"{found}, complete ({_proved(result)})"
    # False is proved too: more laws are known to exist than are listed.
    if result.complete is False:
        return f"{found}; {_more_laws(result)}"
    if len(result.independent) == result.number:
        return f"{found}, complete ({_certainty(result)})"
    error = result.error_bound
    chance = "" if error is None else f"; {result.number} but for a probability of {error:.1e}"
    bounds = f"between {result.laws_at_least} and {result.number} in all ({result.status}{chance})"
    return f"{found}; {bounds}{_beyond_the_model(result)}"


def _more_laws(result):
    """Say how many laws are proved to exist beyond those found."""
    more = result.laws_at_least - len(result.independent)
    least = "" if result.laws_at_least == result.number else "at least "
    ending = "s" if more == 1 else ""
    if result.region is not None:
        return f"{least}{more} more hold{ending} {result.region.where()} ({_certainty(result)})"
    return f"{least}{more} more exist{ending}, not polynomial of this degree ({_proved(result)})"
