"""From an open source to a recording in memory, with the time of each read."""

import time
from dataclasses import dataclass

from ... import Outcome
from ..._secrets import error_without_secrets
from ...providers import stream
from ...testing import Tape
from ...testing.tapes import Chunk
from ..noted_reads import NotedReads
from ..sources import Source

MAX_SIZE = 64 * 2**20  # bytes, after which the rest of a stream is not read


@dataclass(frozen=True)
class Collected:
    """A recorded stream, and what a tape does not have.

    `ended_ns`: when its end came, ns since the request; None if that is not known. `error`: it failed with that.
    `is_interrupted`: Ctrl-C ended the reading.
    """

    tape: Tape
    http_version: str = ""
    ended_ns: int | None = None
    error: Exception | None = None
    is_interrupted: bool = False


def collected(opened: Source) -> Collected:
    """Read a source to its end, to MAX_SIZE or to Ctrl-C. A tape is not read: it has its own times.

    Raises the errors of `stream` for a response that it refuses.
    """
    if isinstance(opened.stream, Tape):
        tape = opened.stream
        error = ConnectionError(tape.error) if tape.outcome is Outcome.FAILED else None
        return Collected(tape, error=error)
    chunks: list[Chunk] = []
    size, outcome, failure, is_interrupted = 0, Outcome.ENDED, None, False
    with stream(opened.stream):  # entering it checks the response; nothing is read through it
        noted = NotedReads(opened.stream)
        source = noted.sync_byte_source()
        try:
            for chunk in source.open():
                ns = None if opened.is_file else noted.reads[-1][0] - opened.asked_ns
                chunks.append(Chunk(ns, chunk))
                if (size := size + len(chunk)) > MAX_SIZE:
                    outcome = Outcome.CLOSED
                    break
        except KeyboardInterrupt:
            outcome, is_interrupted = Outcome.CLOSED, True
        except Exception as error:  # noqa: BLE001 - the report has it, and the command raises it after that
            outcome, failure = Outcome.FAILED, error
    ended_ns = None if opened.is_file else time.perf_counter_ns() - opened.asked_ns
    tape = Tape(
        chunks,
        status=source.status,
        headers=noted.headers(),
        began_ns=None if opened.began_ns is None else opened.began_ns - opened.asked_ns,
        outcome=outcome,
        error="" if failure is None else f"{type(failure).__name__}: {error_without_secrets(failure)}",
    )
    return Collected(tape, getattr(source.response, "http_version", ""), ended_ns, failure, is_interrupted)
