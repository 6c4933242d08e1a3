r"""
Settings shared by the suite: Sage is imported once, first, through the package; hypothesis is deterministic and keeps
no files.
"""

import tempfile

import sage_conslaw  # noqa: F401  (the one door to Sage, before anything else imports it)
from hypothesis import HealthCheck, settings
from hypothesis.configuration import set_hypothesis_home_dir

set_hypothesis_home_dir(tempfile.mkdtemp(prefix="hypothesis-"))
settings.register_profile("repository", deadline=None, derandomize=True, database=None,
                          suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
settings.load_profile("repository")
