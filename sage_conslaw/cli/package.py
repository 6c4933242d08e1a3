r"""
What the commands use of the package, loaded when first used: help and completion load none of it.

EXAMPLES::

    sage: from sage_conslaw.cli import package
    sage: package.networks.linear([2, 1, 2])
    linear network 2 -> 1 -> 2 with 4 parameters
"""
from ..runtime.later import later

# Names of the public calls beside some of their helpers: a command imports nothing that another one needs.
_HOMES = {
    "ControlAffineFamily": ".fields.family",
    "conservation_laws": ".engine.api",
    "MAX_COORDINATES": ".certificates.problem_rebuilt",
    "count_conservation_laws": ".engine.api",
    "dimension": ".engine.dimension",
    "exceptional_lines": ".results.exceptional",
    "exceptional_parameters": ".parameters.exceptional",
    "first_integrals": ".integrals.first_integrals",
    "latex_table": ".results.display",
    "law_lines": ".results.display",
    "numbers_by_region": ".real.regions",
    "polynomials_of_one_ring": ".expressions.polynomials",
    "read_system": ".inputs.systems",
    "reproduce": ".papers.reproduce",
    "survey": ".surveys.run",
    "sweeps": ".papers.reproduce",
    "symbolic_ring": "._sage",
    "verify_files": ".certificates.files",
    "wrapped": ".results.display",
    "writable": ".surveys.table",
    "write": ".certificates.files",
}

__getattr__, __dir__ = later(__name__, _HOMES, ("flows", "networks"), "sage_conslaw")
