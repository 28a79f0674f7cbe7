"""python -m certifi_system_store_wrapper."""

import sys

from .commands import main

sys.exit(main())
