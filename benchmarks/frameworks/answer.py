"""The answer that a program has read, by which the results with and without acceleration are compared."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import asdict, dataclass, field, is_dataclass
from typing import Any, TypeVar

T = TypeVar("T")
_runner = asyncio.Runner()


@dataclass
class Answer:
    """The answer of a model, as a framework gave it. `pieces`: how many objects the framework gave."""

    text: str = ""
    reasoning: str = ""
    calls: list[Any] = field(default_factory=list)
    usage: Any = None
    pieces: int = 0


# What reads one stream.
Read = Callable[[], Answer]
# What makes it, for the URL of a server.
Make = Callable[[str], Read]


def wait_for(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in the event loop of this process, which stays open, with its connections."""
    return _runner.run(coroutine)


def plain(value: Any) -> Any:
    """Return a framework's object as dicts and lists."""
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return value


def joined(texts: Iterable[str | None]) -> str:
    return "".join(filter(None, texts))
