"""``python -m strata_gateway``."""

import sys

from strata_gateway.main import main

if __name__ == "__main__":
    sys.exit(main())
