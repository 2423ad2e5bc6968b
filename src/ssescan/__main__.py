"""`python -m ssescan`: the same as the console script `ssescan`."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
