r"""Families of vector fields: drift and controls, as polynomials or as samplers modulo a prime."""
from .explicit import VectorFieldFamily

__all__ = ["VectorFieldFamily"]
