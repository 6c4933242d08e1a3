r"""
The command ``sage-conslaw``, one file a command.
"""
from .command import main

__all__ = ["main"]
