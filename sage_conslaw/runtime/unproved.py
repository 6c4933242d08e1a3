r"""
The record of a computation of which nothing is known: what a time limit leaves before the problem is built.

EXAMPLES::

    sage: from sage_conslaw.runtime.unproved import unproved
    sage: unproved(architecture="linear")["architecture"], unproved()["status"], "laws" in unproved(listed=False)
    ('linear', 'bounded', False)
"""
_NUMBER: dict = {
    "architecture": None,
    "sizes": [],
    "flow": None,
    "loss": None,
    "parameters": None,
    "state_dimension": None,
    "lie_dimension": 0,
    "number": None,
    "status": "bounded",
    "assumption": "none",
    "error_bound": None,
    "algorithm": None,
    "seed": None,
    "seconds": None,
    "time_limit_reached": True,
    "number_at_most": None,
    "number_at_least": 0,
}
_LIST: dict = {
    "independent_laws_found": 0,
    "laws": [],
    "degree": None,
    "complete": None,
    "all_laws_of_this_degree": False,
}


def unproved(listed: bool = True, **known) -> dict:
    """Return the record, with the keys of a list of laws if they were asked for, and with what is known."""
    return {**_NUMBER, **(_LIST if listed else {}), **known}
