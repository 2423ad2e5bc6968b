"""The answers of models, read from streams and written to them: as parts, messages, or the objects of each API.

Needs msgspec, and neither an SDK nor an HTTP client. `stream` and `astream` read any of the formats; `openai_chat`,
`openai_responses`, `anthropic`, `gemini` and `gemini_interactions` have the objects of each by themselves.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

try:
    import msgspec as _msgspec
except ModuleNotFoundError as _error:
    raise ImportError(
        "ssescan.providers needs the package msgspec, which is not installed: pip install 'ssescan[providers]'",
        name="msgspec",
    ) from _error
if not issubclass(_msgspec.DecodeError, ValueError):
    # With an older version, damaged JSON raises an exception that is not a ValueError, and no caller catches it.
    raise ImportError(  # noqa: TRY004
        f"ssescan.providers needs msgspec 0.21 or newer, and {_msgspec.__version__} is installed: "
        "pip install -U 'ssescan[providers]'",
        name="msgspec",
    )

from . import message, parts
from .error_bodies import error_body
from .formats import APIS
from .message import *  # noqa: F403 - their __all__ is public
from .parts import *  # noqa: F403
from .response_bodies import response_body
from .streams import AsyncMessageStream, MessageStream, astream, stream
from .writer import Writer

__all__ = ["AsyncMessageStream", "MessageStream", "Writer", "astream", "error_body", "response_body", "stream"]
__all__ += message.__all__
__all__ += parts.__all__


if TYPE_CHECKING:
    from . import anthropic, gemini, gemini_interactions, openai_chat, openai_responses  # noqa: F401
else:

    def __getattr__(name: str) -> Any:
        # The formats are loaded when they are used.
        if name.replace("_", "-") in APIS:
            return import_module(f".{name}", __name__)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted({*globals(), *(api.replace("-", "_") for api in APIS)})
