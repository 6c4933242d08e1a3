r"""Polynomial laws: monomial blocks and gradings, modular kernels, independence, a readable basis."""
