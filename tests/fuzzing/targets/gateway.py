"""Transcoder, Relay and Redact: no cut changes the output, a failed source is never a success, unchanged bytes pass."""

from __future__ import annotations

from typing import Any

from writing.formats import READ_AGAIN
from writing.formats import check as check_grammar

from ssescan import EventTooLarge, Redact, Relay, Transcoder, UnknownFormat
from ssescan.providers import stream

from ..choices import Choices, cut
from . import decoders
from .answers import FORMATS, WRITTEN, seeds

__all__ = ["check", "seeds"]

SECRET = "ab+c"


def check(data: bytes) -> int:
    """Pass a stream through a Transcoder and three Relays."""
    chosen = Choices(data)
    to, api = chosen.one_of(WRITTEN), chosen.one_of(FORMATS)
    chunks = chosen.chunks()
    body = b"".join(chunks)
    transcoded = _transcode(to, api, chunks)
    assert transcoded == _transcode(to, api, [body]) == _transcode(to, api, cut(body, [1])), "a cut changes the output"
    _, message, _ = decoders.read(body, {"api": api})
    ended_well = _ends_well(to, transcoded)
    assert not ended_well or message.complete, f"success from a source that failed: {transcoded!r}"

    plain, told = Relay(api=api), Relay(api=api, on_part=lambda part: None)
    for chunk in chunks:
        assert plain.feed(chunk) == chunk, "a Relay without options changed or held bytes"
        assert told.feed(chunk) == chunk, "a Relay with on_part changed or held bytes"
    for relay in (plain, told):
        assert _closed(relay) == b"" or not message.complete
        assert relay.message == message, (relay.message, message)

    model = _relay({"api": api, "model": "zz"}, chunks)
    assert model == _relay({"api": api, "model": "zz"}, [body])
    filtered = _relay({"api": api, "filter": lambda: Redact(SECRET, "#", hold=16)}, chunks)
    assert filtered == _relay({"api": api, "filter": lambda: Redact(SECRET, "#", hold=16)}, [body])
    return 10


def _transcode(to: Any, api: Any, chunks: list[bytes]) -> bytes:
    transcoder = Transcoder(to, api=api, id="msg_1", model="m", created=1)
    return b"".join([transcoder.feed(chunk) for chunk in chunks]) + transcoder.close()


def _ends_well(to: Any, data: bytes) -> bool:
    """Return whether the output, read again, is a complete answer."""
    if to not in READ_AGAIN:
        return bool(data) and check_grammar(to, data)
    try:
        return stream(data, to, strict=False).collect().complete
    except UnknownFormat:
        return False


def _closed(relay: Relay) -> bytes:
    return relay.close()


def _relay(options: dict[str, Any], chunks: list[bytes]) -> bytes:
    relay = Relay(**options)
    try:
        return b"".join([relay.feed(chunk) for chunk in chunks]) + relay.close()
    except EventTooLarge:
        return b""
