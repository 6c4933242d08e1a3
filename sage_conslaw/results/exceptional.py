r"""
The frozen result of a search for exceptional parameter values.
"""
from dataclasses import dataclass, field

from .._sage import SageObject


@dataclass(frozen=True, repr=False)
class Branch(SageObject):
    r"""
    A set of parameter values with more laws than around it.

    - ``condition`` -- polynomials in the parameters that vanish there, a reduced Groebner basis of its prime ideal

    - ``solution`` -- pairs (parameter, rational function of the others) where the conditions are rational, else ``()``

    - ``laws`` -- the new laws: no polynomials in the generic laws and in those of larger branches; conserved modulo the
      condition if that is not rational

    - ``limits`` -- what generic laws become that vanish or coincide there

    - ``independent`` -- how many polynomial laws of the degree searched are independent there, in all

    EXAMPLES::

        sage: from sage_conslaw import exceptional_parameters, system
        sage: branch = exceptional_parameters(system(["x", "y"], ["k*y", "x"], parameters=["k"]), seed=0).branches[0]
        sage: branch
        where k = 0: 1 new law
        sage: branch.laws, branch.independent, branch.codimension
        ((x,), 1, 1)
    """

    condition: tuple
    solution: tuple
    laws: tuple
    limits: tuple
    independent: int
    codimension: int

    def _repr_(self):
        return _headline(self.to_dict())

    def to_dict(self):
        """Return the branch as JSON objects."""
        return {
            "condition": [str(f) for f in self.condition],
            "solution": {str(name): str(value) for name, value in self.solution},
            "laws": [str(law) for law in self.laws],
            "limits": [str(law) for law in self.limits],
            "independent_laws_found": self.independent,
            "codimension": self.codimension,
        }


@dataclass(frozen=True, repr=False)
class ExceptionalParameters(SageObject):
    r"""
    The case distinction: the laws for generic parameters, and each branch with new ones.

    Attributes: ``parameters``; ``degree``; ``laws``, generators of the generic laws, and ``independent``, how many of
    them are independent; ``branches``; ``codimension``, up to which every branch was searched; ``not_followed``, lines
    that say what was not; ``complete``, whether there are no other branches of the degree at all: every codimension
    searched, nothing left out; ``seed``; ``seconds``.

    EXAMPLES::

        sage: from sage_conslaw import exceptional_parameters, system
        sage: r = exceptional_parameters(system(["x", "y"], ["k*y", "(k-1)*x"], parameters=["k"]), seed=0); r
        generic k: 1 independent law of degree at most 2
          k*x^2 - k*y^2 - x^2
        ...
        sage: len(r.branches), r.complete
        (2, True)
        sage: TestSuite(r).run()

    ``complete``::

        sage: found = exceptional_parameters(system(["x"], ["k*x"], parameters=["k"]), seed=0)
        sage: found.complete
        True

    ``searched``::

        sage: found.searched
        'all branches of every codimension (ranks over Q(k) by exact elimination)'

    ``to_dict``::

        sage: r = exceptional_parameters(system(["x", "y"], ["k*y", "x"], parameters=["k"]), seed=0)
        sage: r.to_dict()["exceptional"]
        [{'codimension': 1,
          'condition': ['k'],
          'independent_laws_found': 1,
          'laws': ['x'],
          'limits': [],
          'solution': {'k': '0'}}]
    """

    parameters: tuple
    degree: int
    laws: tuple
    independent: int
    branches: tuple
    codimension: int
    not_followed: tuple
    seed: int
    seconds: float = field(compare=False)

    @property
    def complete(self):
        """Whether all branches were searched."""
        # In m parameters a branch has codimension at most m: with all of these and nothing left out there is no other.
        return not self.not_followed and self.codimension >= len(self.parameters)

    @property
    def searched(self):
        """A line that says which branches were searched, and how."""
        # The time ended before one codimension was done: nothing is claimed.
        if not self.codimension:
            return "codimension 1 begun, not ended"
        every = "every codimension" if self.codimension >= len(self.parameters) else \
            "codimension 1" if self.codimension == 1 else f"codimension at most {self.codimension}"
        left = (
            f", but for {len(self.not_followed)} place{'s' if len(self.not_followed) != 1 else ''} named below"
            if self.not_followed
            else ""
        )
        return f"all branches of {every} (ranks over Q(k) by exact elimination){left}"

    def _repr_(self):
        record = self.to_dict()
        names = ", ".join(self.parameters)
        lines = [
            f"generic {names}: {self.independent} independent law{'s' if self.independent != 1 else ''} "
            f"of degree at most {self.degree}"
        ]
        return "\n".join([*lines, *(f"  {law}" for law in record["generic_laws"]), *exceptional_lines(record)])

    def to_dict(self):
        """Return the result as JSON objects."""
        return {
            "generic_laws": [str(law) for law in self.laws],
            "exceptional": [branch.to_dict() for branch in self.branches],
            "exceptional_degree": self.degree,
            "exceptional_codimension": self.codimension,
            "exceptional_searched": self.searched,
            "exceptional_not_followed": list(self.not_followed),
            "exceptional_complete": self.complete,
        }


def _headline(branch):
    """Say where a branch lies, by its solution if there is one, and how many laws are new there."""
    # A rational solution says more than the ideal; where there is none the conditions are all that can be said.
    where = [f"{name} = {value}" for name, value in branch["solution"].items()] or \
        [f"{f} = 0" for f in branch["condition"]]
    return f"where {' and '.join(where)}: {len(branch['laws'])} new law{'s' if len(branch['laws']) != 1 else ''}"


def exceptional_lines(record):
    """Return the branches of a record as lines of text."""
    lines = []
    for branch in record["exceptional"]:
        lines.append(f"{_headline(branch)}, {branch['independent_laws_found']} independent")
        # From the record and not the objects: what an ended call leaves is printed in the same lines.
        lines += [f"  {law}" for law in branch["laws"]] + [
            f"  {law}  (limit of generic laws)" for law in branch["limits"]
        ]
    lines = lines or ["no exceptional parameter values"]
    lines.append(f"searched: {record['exceptional_searched']}")
    return lines + [f"  not searched: {line}" for line in record["exceptional_not_followed"]]


__all__ = ["Branch", "ExceptionalParameters", "exceptional_lines"]
