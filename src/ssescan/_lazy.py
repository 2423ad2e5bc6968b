"""What the package exports and does not load by itself: it needs an extra, or is seldom used.

Where the extra is missing, a stand-in is given, that raises ImportError when it is used: to ask for a name, as
`hasattr` and `import *` do, must not fail.
"""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


def load(name: str, module: str) -> object:
    """Give the thing of that name from a module of ours, or the stand-in; with "", the module of that name.

    AttributeError for a module whose extra is missing: to import it says which.
    """
    if not module:
        try:
            return import_module(f".{name}", __package__)
        except ImportError as error:
            raise AttributeError(f"module 'ssescan' has no attribute {name!r}: {error}") from error
    try:
        thing: object = getattr(import_module(f".{module}", __package__), name)
    except ImportError as error:
        # Not kept: it holds the frames of all who asked.
        return _stand_in(name, str(error), error.name)
    return thing


def _stand_in(name: str, reason: str, missing: str | None) -> object:
    def refuse(*arguments: object, **options: object) -> NoReturn:
        raise ImportError(reason, name=missing)

    if not name[0].isupper():
        refuse.__name__ = refuse.__qualname__ = name
        refuse.__module__ = "ssescan"
        return refuse
    # A class stays one, so that isinstance() and annotations work.
    return type(name, (), {"__module__": "ssescan", "__doc__": reason, "__new__": refuse})
