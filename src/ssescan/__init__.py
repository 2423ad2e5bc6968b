"""Server-Sent Events, above all the streams of LLM APIs, read to the letter of the standard at C speed.

import httpx, ssescan

with httpx.stream("POST", url, json=body, timeout=None) as response, ssescan.iter_events(response) as stream:
    for event in stream:
        print(event.event, event.data)
print(stream.outcome)  # ended, cut, failed or closed
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
)
from .scanner import Comment, Scanner, ServerSentEvent, UnknownLine, backend
from .streams import AsyncEventStream, EventStream, Outcome, Stall, aiter_events, iter_events

__all__ = [
    "AsyncEventStream",
    "Comment",
    "EventStream",
    "EventTooLarge",
    "Outcome",
    "ProviderError",
    "ReconnectsExhausted",
    "Scanner",
    "ServerSentEvent",
    "SsescanError",
    "Stall",
    "StreamCut",
    "StreamStalled",
    "UnexpectedContentType",
    "UnexpectedStatus",
    "UnknownFormat",
    "UnknownLine",
    "aiter_events",
    "backend",
    "iter_events",
]
