r"""Results: what was found, what is proved of it, and how it is shown."""
from .count import LawCount
from .laws import ConservationLaws

__all__ = ["ConservationLaws", "LawCount"]
