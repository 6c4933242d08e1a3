r"""
What is wrong with a certificate.
"""


class CertificateError(ValueError):
    r"""
    A certificate that is not valid, with the reason in one line.

    EXAMPLES::

        sage: from sage_conslaw.certificates import CertificateError, check
        sage: check({})
        Traceback (most recent call last):
        ...
        sage_conslaw.certificates.errors.CertificateError: the schema is not sage_conslaw.certificate/2
    """


class BeyondLimits(CertificateError):
    """A certificate that may be valid, and takes more time or memory to check than a checker takes."""
