r"""
Certificates: what was proved, in a record that anyone can recheck without trusting the search.

EXAMPLES::

    sage: from sage_conslaw import certificates, conservation_laws, networks
    sage: record = conservation_laws(networks.product(2), seed=0).certificate()
    sage: certificates.check(record)
    '1 independent law in dimension 2, complete: 1 + 1 = 2; product 2, least-squares loss, gradient flow, euclidean
    metric; nothing is assumed'
"""
from .checker import check
from .dimension import check_dimension
from .errors import CertificateError
from .record import read

__all__ = ["CertificateError", "check", "check_dimension", "read"]
