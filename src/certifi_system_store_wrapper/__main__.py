"""python -m certifi_system_store_wrapper."""

import sys

from .cli import main

sys.exit(main())
