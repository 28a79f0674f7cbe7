"""python -m certifi_system_store_wrapper."""

import sys

from .activation import shadows
from .printable import printable

try:
    from .commands import main
except (ImportError, AttributeError) as error:
    shadow = shadows.culprit(error)
    if shadow is None:
        raise
    sys.exit(printable(f"certifi-system-store-wrapper: {shadow}; {shadow.remedy}"))

sys.exit(main())
