r"""Exact arithmetic: primes, arrays over GF(p), dual numbers, modular linear algebra."""
