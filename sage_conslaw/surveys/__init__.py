r"""Surveys: many architectures, flows and losses, in parallel, kept in a database."""
