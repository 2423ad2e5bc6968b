"""The limits of accelerate(): the size of an event, the steps of decompression; and a fork at the wrong moment."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from textwrap import dedent
from typing import Any

import httpx
import httpx2
import httpx_sse
import openai
import pytest

import ssescan

from .sdks import SERVER, Body, client, open_stream, read_stream, read_stream_async
from .test_framing import DELTA, EVENT, PART, A

pytestmark = pytest.mark.filterwarnings("ignore")

STREAMS = {
    "openai-chat": b"data: " + A + b"\n\ndata: [DONE]\n\n",
    "anthropic": EVENT + DELTA % b"a" + b"\n\n",
    "gemini": b"data: " + PART % b"a" + b"\n\n",
    "interactions": b'event: step.delta\ndata: {"event_type":"step.delta","index":0,"delta":{"type":"text","text":"a"}}\n\n',
}
sdks = pytest.mark.parametrize("sdk", STREAMS)


@pytest.fixture
def encoding(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The headers of the response, to be changed by a test."""
    from . import sdks as module

    headers = dict(module.HEADERS)
    monkeypatch.setattr(module, "HEADERS", headers)
    return headers


@sdks
@pytest.mark.parametrize("read", [read_stream, read_stream_async])
def test_event_over_the_limit_raises(sdk: str, read: Any) -> None:
    event = STREAMS[sdk].removesuffix(b"data: [DONE]\n\n")
    body = [event, b"data: " + b"x" * 2000 + b"\n\n"]
    size = len(event)
    with ssescan.accelerate(max_event_size=size):
        *items, (kind, text, *_) = read(sdk, body)
    assert kind is ssescan.EventTooLarge
    assert f"at most {size} " in text
    assert len(items) == 1


@sdks
@pytest.mark.parametrize("read", [read_stream, read_stream_async])
def test_response_is_closed_after_an_oversized_event(sdk: str, read: Any) -> None:
    with ssescan.accelerate(max_event_size=10):
        assert read(sdk, [b"data: " + b"x" * 2000 + b"\n\n"])[-1][0] is ssescan.EventTooLarge
    assert SERVER.body.closed


@sdks
def test_no_limit_by_default(sdk: str) -> None:
    long = STREAMS[sdk].replace(b'"a"', b'"' + b"a" * 100_000 + b'"')
    plain = read_stream(sdk, [long])
    with ssescan.accelerate():
        assert read_stream(sdk, [long]) == plain


def test_smallest_limit_applies_until_it_is_undone() -> None:
    body = [b"data: " + A + b"\n\n"]
    first = ssescan.accelerate("openai", max_event_size=10)
    second = ssescan.accelerate("openai")
    third = ssescan.accelerate("openai", max_event_size=20)
    assert "at most 10 " in read_stream("openai-chat", body)[-1][1]
    first.undo()
    assert "at most 20 " in read_stream("openai-chat", body)[-1][1]
    third.undo()
    unlimited = read_stream("openai-chat", body)
    second.undo()
    assert unlimited == read_stream("openai-chat", body)


@pytest.mark.parametrize(
    ("limit", "error"), [(0, ValueError), (-1, ValueError), (True, TypeError), ("1", TypeError), (1.5, TypeError)]
)
def test_invalid_limits_are_refused(limit: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="max_event_size must be"):
        ssescan.accelerate("openai", max_event_size=limit)
    assert read_stream("openai-chat", [b"data: " + A + b"\n\n"])


def test_limit_of_httpx2_and_httpx_sse() -> None:
    body = b"data: " + b"x" * 100 + b"\n\n"
    headers = {"content-type": "text/event-stream"}
    with ssescan.accelerate("httpx2", "httpx-sse", max_event_size=50):
        with pytest.raises(httpx2.SSEError, match="50"):
            request = httpx2.Request("GET", "http://localhost/")
            list(httpx2.EventSource(httpx2.Response(200, headers=headers, content=iter([body]), request=request)))
        with pytest.raises(ssescan.EventTooLarge):
            list(httpx_sse.EventSource(httpx.Response(200, headers=headers, content=iter([body]))).iter_sse())


@sdks
@pytest.mark.parametrize("read", [read_stream, read_stream_async])
def test_every_gzip_member_is_read(sdk: str, read: Any, encoding: dict[str, str]) -> None:
    stream = STREAMS[sdk].removesuffix(b"data: [DONE]\n\n")
    encoding["content-encoding"] = "gzip"
    with ssescan.accelerate():
        items = read(sdk, [gzip.compress(stream) + gzip.compress(stream)])
    assert len(items) == 2, items


@sdks
@pytest.mark.parametrize("read", [read_stream, read_stream_async])
def test_double_encoding_is_refused(sdk: str, read: Any, encoding: dict[str, str]) -> None:
    encoding["content-encoding"] = "gzip, gzip"
    with ssescan.accelerate():
        ((kind, text, *_),) = read(sdk, [gzip.compress(gzip.compress(STREAMS[sdk]))])
    assert kind is ssescan.UnsupportedEncoding
    assert "gzip, gzip" in text
    assert SERVER.body.closed


class StandIn:
    """A stand-in for a response, as in tests of programs: it has only what the SDK's loop uses, and no headers."""

    def __init__(self, chunks: list[bytes]) -> None:
        self.chunks = chunks
        self.closed = False

    def iter_bytes(self) -> Any:
        return iter(self.chunks)

    def close(self) -> None:
        self.closed = True


def test_response_without_headers_is_read() -> None:
    body = [b"data: " + A + b"\n\n", b"data: [DONE]\n\n"]
    chunk_class = openai.types.chat.ChatCompletionChunk

    def read() -> list[Any]:
        response: Any = StandIn(body)
        found = list(openai.Stream(cast_to=chunk_class, response=response, client=client("openai-chat")))
        assert response.closed
        return [item.model_dump() for item in found]

    plain = read()
    with ssescan.accelerate("openai"):
        assert read() == plain


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks of POSIX")
@pytest.mark.parametrize("moment", ["patches", "apply", "restore"])
def test_fork_while_another_thread_accelerates(moment: str) -> None:
    # The other thread holds the lock, in the middle of its work, when the process forks.
    program = f"""
        import os, signal, threading, openai, ssescan
        from ssescan.dropin.sdk import libraries
        inside, go_on = threading.Event(), threading.Event()
        name = {moment!r}
        owner = libraries.Library if name == "patches" else libraries.Patch
        plain = getattr(owner, name)
        before = openai.Stream.__stream__

        def waiting(*arguments):
            made = plain(*arguments)
            if threading.current_thread() is not threading.main_thread():
                inside.set()
                go_on.wait()
            return made

        setattr(owner, name, waiting)
        thread = threading.Thread(target=lambda: ssescan.accelerate("openai").undo())
        thread.start()
        inside.wait()
        child = os.fork()
        if not child:
            signal.alarm(20)  # ends a child that hangs
            with ssescan.accelerate("openai") as acceleration:
                print(acceleration.report["openai"], flush=True)
            assert openai.Stream.__stream__ is before
            os._exit(0)
        go_on.set()
        thread.join()
        _, status = os.waitpid(child, 0)
        assert openai.Stream.__stream__ is before
        raise SystemExit(os.waitstatus_to_exitcode(status) != 0)
    """
    command = [sys.executable, "-W", "ignore", "-c", dedent(program)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith("openai ")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks of POSIX")
def test_fork_keeps_a_complete_acceleration() -> None:
    program = """
        import os, signal, threading, ssescan
        from ssescan.dropin.sdk import acceleration
        inside, go_on = threading.Event(), threading.Event()
        first = ssescan.accelerate("openai", max_event_size=1000)
        state = acceleration._states["openai"]
        plain = state.enter

        def enter(limit):
            plain(limit)
            inside.set()
            go_on.wait()

        state.enter = enter
        thread = threading.Thread(target=lambda: ssescan.accelerate("openai").undo())
        thread.start()
        inside.wait()
        child = os.fork()
        if not child:
            signal.alarm(20)
            print(first.report["openai"], state.library.max_event_size, flush=True)
            first.undo()
            os._exit(0)
        go_on.set()
        thread.join()
        raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0)
    """
    command = [sys.executable, "-W", "ignore", "-c", "import openai\n" + dedent(program)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 0, ended.stderr
    assert "is accelerated 1000" in ended.stdout


def test_body_of_one_line_stays_within_the_limit() -> None:
    SERVER.body = Body([b"x" * 1000 for _ in range(1000)])
    with ssescan.accelerate("openai", max_event_size=5000), pytest.raises(ssescan.EventTooLarge) as caught:
        list(open_stream("openai-chat", client("openai-chat")))
    assert caught.value.size <= 6000
