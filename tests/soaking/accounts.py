"""The events that the server of the soak sends, each a function of its stream and number, and the account of them."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ssescan import ServerSentEvent


class Lost(Exception):
    """An event was lost, doubled or changed."""


def data_of(stream: int, number: int) -> str:
    """Return the data of an event. Some have several lines, some are not ASCII, none has a CR."""
    digest = blake2b(f"{stream} {number}".encode(), digest_size=24).hexdigest()
    return "\n".join([f"{number} {digest}", "Größe Ὅμηρος 🫖", digest * (number % 7)][: 1 + number % 3])


def bytes_of(stream: int, number: int) -> bytes:
    """Return the same event as a server writes it, with its number as ID."""
    lines = "".join(f"data: {line}\n" for line in data_of(stream, number).split("\n"))
    return f"id: {number}\n{lines}\n".encode()


class Account:
    """The events of one stream, in the order in which they come."""

    def __init__(self, stream: int) -> None:
        self.stream = stream
        self.events = 0
        self._hash, self._expected = blake2b(), blake2b()

    def add(self, event: ServerSentEvent) -> None:
        """Count an event. Raises Lost if another one was expected."""
        self.events += 1
        if event.id != str(self.events):
            raise Lost(f"stream {self.stream}: event {self.events} was expected, event {event.id} came")
        self._hash.update(event.data.encode())
        self._expected.update(data_of(self.stream, self.events).encode())

    def close(self, events: int) -> None:
        """Raise Lost unless these many events came, with the data that the server sent."""
        if self.events != events:
            raise Lost(f"stream {self.stream}: {events} events were expected, {self.events} came")
        if self._hash.digest() != self._expected.digest():
            raise Lost(f"stream {self.stream}: the events have other data than the server sent")
