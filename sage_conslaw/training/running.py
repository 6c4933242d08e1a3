"""What a training asks of an optimiser as it runs: a state, and one step of it along a gradient of the loss."""
from abc import ABC, abstractmethod
from fractions import Fraction

import numpy as np


class Running(ABC):
    """An optimiser of a flow, with the family in whose coordinates laws are watched, at one step size."""

    scheme, velocity, first_time = "euler", None, 0.0
    # Whether a step adds to a law of degree two its quadratic part at the direction, times the step squared.
    first_order = False

    def __init__(self, flow, family, dimension, step):
        self.flow, self.family, self.step, self.number = flow, family, float(step), 0
        self.rate = None if family.rate is None else float(Fraction(family.rate))
        self.positive = np.zeros(dimension, dtype=bool)

    @property
    def name(self):
        """The name of the optimiser."""
        return self.flow.name

    @property
    def time(self):
        """The time of the flow: steps times their size."""
        return self.first_time + self.number * self.step

    def start(self, theta, velocity=None):
        """Set the parameters; a velocity is for those that have one."""
        self.theta, self.number = np.array(theta, dtype=np.float64), 0

    def meet(self, gradient):
        """See the first gradient, before anything is recorded; what has no moments learns nothing."""

    def state(self):
        """Return the state in the coordinates of the laws: the clock and the parameters, others zero."""
        family, z = self.family, np.zeros(self.family.dimension)
        # The clock of laws is the time, or its exponential where they have such.
        if family.time is not None:
            z[family.time] = self.time if self.rate is None else np.exp(self.rate * self.time)
        z[family.first_parameter:family.first_parameter + len(self.theta)] = self.theta
        return z

    @abstractmethod
    def advance(self, gradient):
        """Make one step along a gradient of the loss; return the direction as it entered."""
