"""Server-Sent Events, above all the streams of LLM APIs, read to the letter of the standard at C speed.

import httpx, ssescan

with httpx.stream("POST", url, json=body, timeout=None) as response, ssescan.iter_events(response) as stream:
    for event in stream:
        print(event.event, event.data)
print(stream.outcome)  # ended, cut, failed or closed

`stream` and `astream` read the messages of LLM APIs (they need the extra `providers`):

with ssescan.stream(response) as stream:
    for text in stream.text():
        print(text, end="")
print(stream.message.finish_reason, stream.message.usage)
"""

from .errors import (
    EventTooLarge,
    ProviderError,
    ReconnectsExhausted,
    SsescanError,
    StreamCut,
    StreamStalled,
    UnexpectedContentType,
    UnexpectedStatus,
    UnknownFormat,
    UnsupportedEncoding,
)
from .outcome import Outcome
from .scanner import Comment, Scanner, ServerSentEvent, UnknownLine, backend
from .stalls import Stall
from .streams import AsyncEventStream, EventStream, aiter_events, iter_events

TYPE_CHECKING = False
if TYPE_CHECKING:
    from . import providers as providers
    from .client import AsyncEventSource, EventSource, aconnect, connect
    from .dropin.sdk import accelerate
    from .gateway import Redact as Redact
    from .gateway import Relay as Relay
    from .gateway import Transcoder as Transcoder
    from .gateway import arelay as arelay
    from .gateway import atranscode as atranscode
    from .gateway import relay as relay
    from .gateway import transcode as transcode
    from .providers import Message as Message
    from .providers import Writer as Writer
    from .providers import astream as astream
    from .providers import stream as stream

__all__ = [
    "AsyncEventSource", "AsyncEventStream", "Comment", "EventSource", "EventStream", "EventTooLarge", "Outcome",
    "ProviderError", "ReconnectsExhausted", "Scanner", "ServerSentEvent", "SsescanError", "Stall", "StreamCut",
    "StreamStalled", "UnexpectedContentType", "UnexpectedStatus", "UnknownFormat", "UnknownLine",
    "UnsupportedEncoding", "accelerate", "aconnect", "aiter_events", "backend", "connect", "iter_events",
]  # fmt: skip

# The module of each name that is loaded at its first use, so that the import stays quick. Names that need an extra are
# in neither `__all__` nor `__dir__`.
_LAZY = {
    "AsyncEventSource": "client",
    "EventSource": "client",
    "Message": "providers",
    "Redact": "gateway",
    "Relay": "gateway",
    "Transcoder": "gateway",
    "Writer": "providers",
    "accelerate": "dropin.sdk",
    "aconnect": "client",
    "arelay": "gateway",
    "astream": "providers",
    "atranscode": "gateway",
    "connect": "client",
    "providers": "",
    "relay": "gateway",
    "stream": "providers",
    "transcode": "gateway",
}


if not TYPE_CHECKING:  # for type checkers, an unknown name stays an error

    def __getattr__(name):
        if name not in _LAZY:
            raise AttributeError(f"module 'ssescan' has no attribute {name!r}")
        from ._lazy import load

        thing = globals()[name] = load(name, _LAZY[name])
        return thing

    def __dir__():
        return sorted({*__all__, *(name for name in globals() if name not in _LAZY)})
