r"""Results: what was found, what is proved of it, and how it is shown."""
from .result import ConservationLaws, LawCount

__all__ = ["ConservationLaws", "LawCount"]
