r"""
Certificates: what was proved, in a record that anyone can recheck without trusting the search.

EXAMPLES::

    sage: from sage_conslaw import certificates, conservation_laws, networks
    sage: record = conservation_laws(networks.product(2), seed=0).certificate()
    sage: certificates.check(record)
    '1 independent law in dimension 2, complete: 1 + 1 = 2; product 2, least-squares loss, gradient flow, euclidean
    metric; nothing is assumed'
"""
from ..runtime.later import later

_HOMES = {
    "CertificateError": ".errors",
    "check": ".checker",
    "check_dimension": ".dimension",
    "read": ".record",
    # What a result's ``certificate`` calls: a search that asks for none loads neither witnesses nor checkers.
    "certificate": ".record",
    "certificate_of_count": ".record",
    "dimension_certificate": ".dimension",
}

__all__ = ["CertificateError", "check", "check_dimension", "read"]


__getattr__, __dir__ = later(__name__, _HOMES)
