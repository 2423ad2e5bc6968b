"""The end of a stream, and its states until then."""

from __future__ import annotations

from enum import StrEnum

# The states of a stream, and the next one after each input; None: that cannot come. `outcome` is None in the first two,
# then the name of the state, which is final: a read in another thread or task may still end, but changes nothing. An
# interruption is an exception that is not an Exception: cancellation, Ctrl-C, GeneratorExit. `docs/inside.md` has the
# same table.
STREAM_INPUTS = ("read or open()", "end of the source", "error", "interruption", "close()")
STREAM_STATES: dict[str, tuple[str | None, ...]] = {
    "new": ("open", None, "failed", "closed", "closed"),
    "open": ("open", "ended or cut", "failed", "closed", "closed"),
    **{final: (final,) * len(STREAM_INPUTS) for final in ("ended", "cut", "failed", "closed")},
}


class Outcome(StrEnum):
    """The way in which a stream ended."""

    __module__ = "ssescan"

    ENDED = "ended"
    """The source ended outside of a block, or the answer in it ended first, as at `[DONE]`."""
    CUT = "cut"
    """The source ended within a block."""
    FAILED = "failed"
    """An error ended it: of the transport, a stall, an event over the limit, a refusal."""
    CLOSED = "closed"
    """The program ended it: by close(), by leaving the `with` block, by cancelling the read."""

    @classmethod
    def of(cls, error: BaseException | None, cut: bool) -> Outcome:
        """Return the outcome of a stream that ended with an error, or with none."""
        if error is None:
            return cls.CUT if cut else cls.ENDED
        # Cancellation, interruption and GeneratorExit are not Exceptions: the program's wish, not the stream's failure.
        return cls.FAILED if isinstance(error, Exception) else cls.CLOSED
