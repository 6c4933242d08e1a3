r"""What the commands of the command line do beyond the public calls."""
