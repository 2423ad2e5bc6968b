"""The report of `ssescan check`: its facts in words and as JSON. `changes.py` has the advice."""

from dataclasses import dataclass
from typing import Any

from ... import Outcome
from ...providers.formats import Api
from ...testing import Tape
from ..exits import shortened
from ..output import counted
from ..summaries import finish_reason_of
from ..visible import visible
from .arrival import Arrival, arrival_of, in_seconds, longest_silence
from .observed import Observed, observed
from .quirks import Quirk, quirks_of

# Headers that a proxy, a cache or a server sets, in the order in which the report has them.
SHOWN_HEADERS = (
    "server", "via", "x-accel-buffering", "cache-control", "content-length", "x-cache", "cf-cache-status", "age",
)  # fmt: skip
# The provider's mark for the end, by format; docs/rules.md has the same table.
MARKS = {
    "openai-chat": "a finish_reason in each choice",
    "openai-responses": "response.completed",
    "anthropic": "message_stop, or a stop_reason",
    "gemini": "a finishReason in each candidate",
    "gemini-interactions": "interaction.completed",
}


@dataclass(frozen=True)
class Report:
    """The facts about one stream.

    `silence_ns`: the longest one. `last_silence_ns`: that before the end. Both are None if they are not known. `end`:
    "complete", "incomplete", "error", "failed" or "closed" (the reading was stopped); for events of no known format,
    which have no mark of their end, also "ended" and "cut" (within an event). `http_version`: "" if it is not known.
    """

    name: str
    tape: Tape
    seen: Observed
    arrival: Arrival
    quirks: list[Quirk]
    silence_ns: int | None
    last_silence_ns: int | None
    end: str
    http_version: str = ""

    @property
    def format(self) -> str | None:
        """The name of the format, None for events of no format that ssescan knows."""
        return self.seen.message.api if self.seen.message else None

    @property
    def headers(self) -> dict[str, str]:
        """The headers of the response that are shown."""
        return {name: visible(value) for name in SHOWN_HEADERS if (value := self.tape.headers.get(name))}

    def rows(self) -> list[tuple[str, str]]:
        """Return the facts in words, each with its name."""
        quirks = "; ".join(f"{quirk.text} ({quirk.place})" for quirk in self.quirks)
        return [
            ("response", self._response()),
            ("format", self.format or "none that ssescan knows: events of another kind"),
            ("events", self.arrival.text),
            ("compression", self._compression()),
            ("keep-alive", self._keep_alive()),
            ("headers", ", ".join(f"{name}: {value}" for name, value in self.headers.items()) or "none of a proxy"),
            ("end", self._end()),
            ("quirks", quirks or "none"),
        ]

    def as_json(self, changes: list[str]) -> dict[str, Any]:
        """Return the report as one JSON object; docs/check.md has its fields."""
        message, reads = self.seen.message, self.seen.reads
        error = message.errors[0] if message and message.errors else None
        moments = [ns for ns, _ in self.tape.chunks if ns is not None]
        return {
            "source": self.name,
            "status": self.tape.status,
            "content_type": self.tape.headers.get("content-type"),
            "http_version": self.http_version or None,
            "format": self.format,
            "events": len(self.seen.events),
            "reads": len(self.tape.chunks),
            "bytes": self.tape.size,
            "first_byte_s": moments[0] / 1e9 if moments else None,
            "total_s": moments[-1] / 1e9 if moments else None,
            "buffered": self.arrival.buffered,
            "pattern": self.arrival.pattern or None,
            "arrival": self.arrival.text if reads else None,
            "encoding": self.tape.encoding or None,
            "keep_alives": self.seen.keep_alives,
            "longest_silence_s": None if self.silence_ns is None else self.silence_ns / 1e9,
            "headers": self.headers,
            "end": self.end,
            "finish_reason": message.finish_reason if message else None,
            "error": None if error is None else error.message or error.kind or str(error.code),
            "quirks": [{"text": quirk.text, "place": quirk.place} for quirk in self.quirks],
            "changes": changes,
        }

    def _response(self) -> str:
        if self.tape.status is None:
            return "not known: only the bytes are there"
        content_type = self.tape.headers.get("content-type")
        words = [f"status {self.tape.status}", shortened(content_type) if content_type else "no content type"]
        return ", ".join([*words, self.http_version] if self.http_version else words)

    def _compression(self) -> str:
        if self.tape.encoding:
            return f"compressed: Content-Encoding {visible(self.tape.encoding)}"
        return "none" if self.tape.status is not None else "not known"

    def _keep_alive(self) -> str:
        number = self.seen.keep_alives
        came = f"{counted(number, 'comment')} or ping{'' if number == 1 else 's'}" if number else "no comment or ping"
        return came if self.silence_ns is None else f"{came}; the longest silence was {in_seconds(self.silence_ns)}"

    def _end(self) -> str:
        message, error = self.seen.message, visible(self.tape.error)
        if message is None:
            return {
                "ended": "between two events; only an API has a mark for its end",
                "cut": "in the middle of an event",
                "closed": "not known: the reading was stopped",
            }.get(self.end, f"the connection failed ({error})")
        reason = finish_reason_of(message)
        match self.end:
            case "complete":
                return f"complete, {reason}"
            case "error":
                return f"the provider reported an error: {error_words(self.seen)}"
            case "failed":
                return f"the connection failed before the answer was complete ({error})"
            case "closed":
                return "not known: the reading was stopped before the answer was complete"
        return f"the answer is not complete, {reason}: {MARKS[message.api or '']} did not come"


def error_words(seen: Observed) -> str:
    """Return the first error within a stream, in the provider's words, as messages show it."""
    error = seen.message.errors[0] if seen.message and seen.message.errors else None
    if error is None:
        return ""
    words = [str(word) for word in dict.fromkeys((error.kind, error.code, error.message)) if word not in (None, "")]
    return shortened(", ".join(words) or str(error.raw))


def report_on(
    name: str, tape: Tape, api: Api | None = None, *, accept_done: bool = False, http_version: str = "",
    ended_ns: int | None = None,
) -> Report:  # fmt: skip
    """Judge a recorded stream. Raises the errors of `stream` for a response that it refuses."""
    seen = observed(tape, api, accept_done=accept_done)
    times = [chunk.time_ns for chunk in tape.chunks if chunk.time_ns is not None]
    moments = [0, *filter(None, [tape.began_ns]), *times, *([] if ended_ns is None else [max(ended_ns, *times, 0)])]
    return Report(
        name=name,
        tape=tape,
        seen=seen,
        arrival=_arrival(tape, seen),
        quirks=quirks_of(tape, seen),
        silence_ns=longest_silence(moments) if times else None,
        last_silence_ns=None if ended_ns is None or not times else moments[-1] - moments[-2],
        end=_end_of(tape, seen),
        http_version=http_version,
    )


def _arrival(tape: Tape, seen: Observed) -> Arrival:
    if tape.headers.get("content-length") and tape.status is not None:
        text = "sent as a whole: the response has a Content-Length, so all events were there before the first was sent"
        return Arrival(True, text, "whole")
    if len(seen.reads) < len(tape.chunks):
        return Arrival(None, "not known: the source has no times; check a URL, or a tape of ssescan record")
    return arrival_of(seen.reads)


def _end_of(tape: Tape, seen: Observed) -> str:
    message = seen.message
    if message is not None and message.complete:
        return "complete"
    if message is not None and message.errors:
        return "error"
    if tape.outcome in (Outcome.FAILED, Outcome.CLOSED):
        return str(tape.outcome)
    if message is not None:
        return "incomplete"
    return "cut" if seen.pending else "ended"
