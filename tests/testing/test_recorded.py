"""The recorded streams of real servers, on tapes and replayed: nothing is lost, and nothing that was cut looks whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from writing.formats import bodies, read_again
from writing.test_transcoder import can_say, differences

import ssescan
from ssescan.testing import Tape
from ssescan.testing.playback import Answer, PlayedTape, ReplayOptions

from .streams import APIS, pieces_of
from .test_replay import PATHS

if TYPE_CHECKING:
    from pathlib import Path


def body_of(answer: Answer) -> bytes:
    return b"".join(chunk.data for chunk in answer.chunks)


def calls_of(message: ssescan.Message) -> list[tuple[str, str]]:
    return [(call.name, call.arguments) for call in message.tool_calls]


def test_every_stream_comes_back_from_a_tape(shared: Path, tmp_path: Path) -> None:
    path = tmp_path / "x.tape"
    for name, data, message in bodies(shared):
        pieces = pieces_of(data, 997)
        assert list(Tape.record(pieces, path)) == pieces
        tape = Tape.open(path)
        assert [chunk.data for chunk in tape.chunks] == pieces, name
        assert ssescan.stream(tape, strict=False).collect().to_dict() == message.to_dict(), name


@pytest.mark.parametrize("api", APIS)
def test_every_stream_is_replayed_in_every_format(shared: Path, api: Any) -> None:
    path = PATHS[api].partition("?")[0]
    asked = b'{"stream": true, "stream_options": {"include_usage": true}}'
    for name, data, message in bodies(shared):
        answer = PlayedTape(Tape(pieces_of(data, 997))).answer(path, asked, ReplayOptions(chunk="event"))
        assert (answer.status, answer.end) == (200, "end")
        if message.api == api:
            assert body_of(answer) == data, name
            continue
        again = read_again(api, body_of(answer))
        assert again.complete == (message.complete and can_say(api, message)), name
        # Whether the translation is right, test_transcoder.py tests. The ids of calls without one differ each time.
        translated = read_again(api, b"".join(ssescan.transcode([data], api, include_usage=True)))
        assert [kind for kind, *_ in differences(translated, again) if kind != "calls"] == [], name
        assert calls_of(translated) == calls_of(again), name


@pytest.mark.parametrize("api", APIS)
def test_whole_answers_are_whole(shared: Path, api: Any) -> None:
    path = PATHS[api].partition("?")[0].replace("streamGenerateContent", "generateContent")
    for name, data, message in bodies(shared):
        answer = PlayedTape(Tape([data])).answer(path, b'{"stream": false}', ReplayOptions())
        assert (answer.status == 200) == message.complete, name
        if answer.status == 200:
            again = ssescan.stream([body_of(answer)], api, strict=False).collect()
            # Two of the formats have no place for a refusal but the text.
            assert again.complete, name
            assert again.text + (again.refusal or "") == message.text + (message.refusal or ""), name
