"""accelerate(): the count of Accelerations, and undo()."""

from __future__ import annotations

import threading
from typing import Any

import openai._streaming
import pytest

import ssescan
from ssescan.dropin.sdk import acceleration as module

from .patched_places import are_identical, attributes
from .sdks import SERVER, Body, client, open_stream, read_stream
from .test_framing import A, B

pytestmark = pytest.mark.usefixtures("restored")
STREAM = [b"data: " + A + b"\n\ndata: " + B + b"\n\ndata: [DONE]\n\n"]


def test_undo_restores_the_same_objects() -> None:
    before = attributes()
    acceleration = ssescan.accelerate()
    assert not are_identical(before, attributes())
    assert all("accelerated" in line for line in acceleration.report.values()), acceleration.report
    acceleration.undo()
    assert are_identical(before, attributes())
    acceleration.undo()
    assert are_identical(before, attributes())
    assert set(acceleration.report.values()) == {"undone"}


def test_context_manager_undoes_after_an_error() -> None:
    before = attributes()
    with pytest.raises(KeyError), ssescan.accelerate("openai", "httpx2") as acceleration:
        assert list(acceleration.report) == ["openai", "httpx2"]
        raise KeyError
    assert are_identical(before, attributes())


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2), (2, 0, 1)])
def test_last_undo_restores_in_any_order(order: tuple[int, ...]) -> None:
    before = attributes()
    accelerations = [ssescan.accelerate("openai"), ssescan.accelerate("openai", "anthropic"), ssescan.accelerate()]
    patched = openai._streaming.Stream.__dict__["__stream__"]  # noqa: SLF001
    for place in order[:-1]:
        accelerations[place].undo()
        accelerations[place].undo()
        assert (openai._streaming.Stream.__dict__["__stream__"] is patched) is True  # noqa: SLF001
    accelerations[order[-1]].undo()
    assert are_identical(before, attributes())


def test_library_named_twice_is_counted_once() -> None:
    acceleration = ssescan.accelerate("openai", "openai")
    acceleration.undo()
    assert list(acceleration.report) == ["openai"]


def test_concurrent_accelerate_and_undo() -> None:
    before = attributes()
    plain = read_stream("openai-chat", STREAM)
    wrong: list[Any] = []
    start = threading.Barrier(8)

    def work() -> None:
        start.wait()
        for _ in range(20):
            with ssescan.accelerate("openai", "httpx2") as acceleration:
                if "accelerated" not in acceleration.report["openai"]:
                    wrong.append(acceleration.report)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not wrong
    assert are_identical(before, attributes())
    assert read_stream("openai-chat", STREAM) == plain


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("sdk", ["openai-chat", "anthropic"])
def test_open_stream_continues_as_it_began(sdk: str) -> None:
    event = b"data: " + A if sdk == "openai-chat" else b'event: message_stop\ndata: {"type":"message_stop"}'
    chunks = [event + b"\n\n"] * 4
    SERVER.body = Body(chunks)
    with ssescan.accelerate():
        begun = iter(open_stream(sdk, client(sdk)))
        first = next(begun)
    assert [first, *begun] == [first] * 4
    SERVER.body = Body(chunks)
    plain = iter(open_stream(sdk, client(sdk)))
    assert next(plain) == first
    with ssescan.accelerate() as acceleration:
        events = dict(acceleration.events)
        assert len(list(plain)) == 3
        assert acceleration.events == events


def test_events_are_counted() -> None:
    with ssescan.accelerate("openai") as acceleration:
        before = acceleration.events["openai"]
        read_stream("openai-chat", STREAM)
        assert acceleration.events["openai"] == before + 3


def test_abandoned_stream_closes_its_response() -> None:
    with ssescan.accelerate():
        SERVER.body = body = Body([b"data: " + A + b"\n\n"] * 3)
        stream = open_stream("openai-chat", client("openai-chat"))
        next(iter(stream))
        stream.close()
        assert body.closed
        SERVER.body = body = Body([b"data: " + A + b"\n\n"] * 3)
        with open_stream("openai-chat", client("openai-chat")) as stream:
            next(iter(stream))
        assert body.closed


def test_undo_keeps_a_later_patch() -> None:
    stream: Any = openai._streaming.Stream  # noqa: SLF001
    original = stream.__dict__["__stream__"]
    acceleration = ssescan.accelerate("openai")
    ours = stream.__dict__["__stream__"]

    def theirs(self: Any) -> Any:
        return ours(self)

    stream.__stream__ = theirs
    try:
        acceleration.undo()
        assert stream.__dict__["__stream__"] is theirs
        assert len(read_stream("openai-chat", STREAM)) == 2
    finally:
        stream.__stream__ = original


def test_unknown_name_is_a_value_error() -> None:
    with pytest.raises(ValueError, match=r"'openai'.*'google-genai'.*not 'opanai'"):
        ssescan.accelerate("openai", "opanai")


def test_named_library_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_is_installed", lambda library: False)
    with pytest.raises(ModuleNotFoundError, match="httpx-sse is not installed") as caught:
        ssescan.accelerate("httpx-sse")
    assert caught.value.name == "httpx_sse"


def test_list_of_names_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="one after the other, not a list"):
        ssescan.accelerate(["openai"])  # type: ignore[arg-type]
