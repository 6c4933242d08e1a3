r"""Subcommands of ``sage-conslaw`` that have a module of their own."""
