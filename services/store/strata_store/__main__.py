"""``python -m strata_store``."""

import sys

from strata_store.main import main

sys.exit(main())
