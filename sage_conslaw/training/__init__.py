"""Discretised training: networks trained step by step in floating point, and what the steps do to the laws."""
