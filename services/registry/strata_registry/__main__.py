"""``python -m strata_registry``."""

import sys

from strata_registry.main import main

sys.exit(main())
