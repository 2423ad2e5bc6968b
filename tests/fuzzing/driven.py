"""Run a coroutine that waits for nothing, without an event loop: a loop of its own costs more than the test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")


def driven(coroutine: Coroutine[Any, Any, T]) -> T:
    """Return the result of a coroutine."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    coroutine.close()
    raise AssertionError("the coroutine waits, though its source has all chunks")
