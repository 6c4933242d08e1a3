"""Run the command by ``python -m sage_conslaw.cli``."""
from .command import main

if __name__ == "__main__":
    main()
