"""certifi's list, the operating system's store and your own CAs in one bundle.

Importing this changes nothing and costs nothing; the public names are loaded on first use.
"""

__version__ = "1.0.0"

__all__ = ["activate", "build", "contents", "deactivate", "refresh", "where"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .api import activate as activate
    from .api import build as build
    from .api import contents as contents
    from .api import deactivate as deactivate
    from .api import refresh as refresh
    from .api import where as where
else:  # a type checker takes a module that has this for one that has every name

    def __getattr__(name):
        """Load a public name on first use (PEP 562)."""
        if name not in __all__:
            raise AttributeError("module %r has no attribute %r" % (__name__, name))
        from . import api

        return getattr(api, name)


def __dir__():  # type: () -> list[str]
    """List the public names before they are loaded."""
    return sorted([*globals(), *__all__])
