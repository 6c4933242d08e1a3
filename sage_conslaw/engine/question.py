r"""
What is asked of a family: which laws to list, how sure to be, and how long it may take.
"""
from dataclasses import dataclass
from functools import cached_property
from zlib import crc32

import numpy as np

from ..fields.family import ControlAffineFamily
from ..laws.monomials import blocks
from ..runtime.deadline import Deadline
from ..structure.of_family import structure_of
from ..width.true_width import width_of


@dataclass(frozen=True, kw_only=True)
class Question:
    r"""
    A family of vector fields, and what is to be known about its laws.

    - ``search`` -- the space of polynomials in which laws are sought, a list of pairs (coordinates, degree); ``None``:
      no laws are sought, the number alone is asked

    - ``algorithm`` -- ``"modular"``, ``"symbolic"`` or ``"syzygies"``

    - ``proof`` -- whether to spend time on proofs that no bound forces

    - ``error_bound`` -- how improbable an error of a Monte Carlo rank must be, or ``None``

    - ``real`` -- whether to certify the real fields: ``True`` insists, ``False`` leaves it, ``None`` takes about a
      second

    - ``parameter_names`` -- how the parameters of a network are called in its laws, in order

    - ``deadline`` -- the budget; it may be without limit, and is never ``None``
    """

    family: ControlAffineFamily
    search: list | None
    seed: int
    algorithm: str = "modular"
    proof: bool = True
    error_bound: float | None = None
    deadline: Deadline = Deadline(None)
    progress: bool = False
    real: bool | None = None
    parameter_names: tuple = ()

    def generator(self, strategy: str) -> np.random.Generator:
        """Return a child of the random generator that depends on the seed and the strategy's name alone."""
        # By the name and not by a counter: a strategy that is added or skipped changes no draw of the others. crc32, as
        # hash() of a text differs from process to process.
        return np.random.default_rng(np.random.SeedSequence(int(self.seed), spawn_key=(crc32(strategy.encode()),)))

    @cached_property
    def blocks(self) -> list:
        """The monomials of the search space in blocks of equal weight."""
        # Cached: costs, reasons and the search itself all look at the blocks.
        return blocks(self.family, self.search, self.generator("blocks"), self.deadline)

    @cached_property
    def structure(self):
        """The structure of the family, or ``None``."""
        return structure_of(self.family)

    @cached_property
    def width(self):
        """The segments of a network at its true width, or ``None``."""
        return width_of(self.family)

    @property
    def degree(self) -> int:
        """The total degree of the search space."""
        return sum(bound for _, bound in self.search or ())

    def all_of_degree_two(self) -> bool:
        """Say whether the search space is all polynomials of degree at most 2."""
        return self.search is not None and len(self.search) == 1 and self.search[0][1] == 2 \
            and len(self.search[0][0]) == self.family.dimension

    def words(self) -> str:
        """Say in a line which space of polynomials linear algebra searches."""
        parts = [
            f"{degree} in {len(group)} coordinate{'s' if len(group) != 1 else ''}"
            for group, degree in self.search or ()
        ]
        return f"linear algebra: all polynomials of degree at most {', times degree at most '.join(parts)}"
