r"""How many laws there are: the rank of the Lie algebra that a family generates."""
