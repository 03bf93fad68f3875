"""`python -m spectral_core.cli`, the same as `spectral-core`."""

import sys

from spectral_core.cli.program import main

if __name__ == "__main__":
    sys.exit(main())
