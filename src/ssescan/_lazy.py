"""Names of the package that load at their first use, because they need an extra or are seldom used.

If the extra is missing, the name stands for an object that raises ImportError when it is used: looking a name up, as
`hasattr` and `import *` do, must not fail.
"""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


def load(name: str, module: str) -> object:
    """Return a name of a module of the package, or its stand-in; with module "", the module `name`.

    AttributeError for a module whose extra is missing: importing it says which.
    """
    try:
        loaded: object = import_module(f".{module or name}", __package__)
    except ImportError as error:
        if module:
            # The error is not kept: it holds the frames of every caller.
            return _stand_in(name, str(error), error.name)
        raise AttributeError(f"module 'ssescan' has no attribute {name!r}: {error}") from error
    return getattr(loaded, name) if module else loaded


def _stand_in(name: str, reason: str, missing: str | None) -> object:
    def refuse(*arguments: object, **options: object) -> NoReturn:
        raise ImportError(reason, name=missing)

    if not name[0].isupper():
        refuse.__name__ = refuse.__qualname__ = name
        refuse.__module__ = "ssescan"
        return refuse
    # A class stays one, so that isinstance() and annotations work.
    return type(name, (), {"__module__": "ssescan", "__doc__": reason, "__new__": refuse})
