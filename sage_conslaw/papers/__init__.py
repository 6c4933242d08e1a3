r"""The papers' sweeps as data, and the function that recomputes them."""
