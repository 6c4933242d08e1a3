r"""Algebraic routines beyond linear algebra: Darboux polynomials and the laws made of them."""
