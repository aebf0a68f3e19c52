"""`python -m spanledger`: the same as the console script."""

import sys

from spanledger.command import main

if __name__ == "__main__":
    sys.exit(main())
