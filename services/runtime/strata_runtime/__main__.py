"""``python -m strata_runtime``."""

import sys

from strata_runtime.main import main

sys.exit(main())
