"""The replay server: which answer each request gets, in which chunks, and how the connection ends."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import pytest

import ssescan
from ssescan.testing import Chunk, Tape, replay_app, replay_server
from ssescan.testing.playback import FAULTS_HEADER

from .streams import APIS, EVENT_STREAM, pieces_of, stream_of, tape_file, tape_lines

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ssescan.testing import ReplayServer

pytest_plugins = ("pytest_ssescan",)  # as in an environment whose installation is older

PATHS = {
    "openai-chat": "/v1/chat/completions",
    "openai-responses": "/v1/responses",
    "anthropic": "/v1/messages",
    "gemini": "/v1beta/models/gemini-x:streamGenerateContent?alt=sse",
}
CHUNKS = [b"data: a\n", b"\ndata: b\n\nda", b"ta: c\n\n", b": ping\n\n"]
BODY = b"".join(CHUNKS)
WAIT = 20.0  # seconds


def raw(url: str, path: str = "/", body: bytes = b"", headers: str = "") -> tuple[bytes, bytes, type[Exception] | None]:
    """Return the head and the rest of an answer as they come from the socket, and the error that ended it."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=WAIT) as connection:
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
        connection.sendall(head.encode() + body)
        received = b""
        error: type[Exception] | None = None
        try:
            while got := connection.recv(65536):
                received += got
        except OSError as caught:
            error = type(caught)
    answered, _, rest = received.partition(b"\r\n\r\n")
    return answered, rest, error


def chunks_of(rest: bytes) -> tuple[list[bytes], bool]:
    """Return the chunks of a body in chunked coding (RFC 9112 section 7.1), and whether it has its end."""
    chunks: list[bytes] = []
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        if int(size, 16) == 0:
            return chunks, True
        chunks.append(rest[: int(size, 16)])
        rest = rest[int(size, 16) + 2 :]
    return chunks, False


def played(url: str, path: str = "/", *, body: Any = None, **how: Any) -> httpx.Response:
    return httpx.post(url + path, json=body, trust_env=False, timeout=WAIT, **how)


@pytest.mark.parametrize("api", APIS)
def test_same_format_keeps_bytes_and_chunks(api: str) -> None:
    pieces = pieces_of(stream_of(api), 333)
    with replay_server(Tape(pieces)) as server:
        for path in (PATHS[api], "/any/other"):
            head, rest, error = raw(server.url, path, b'{"stream": true}')
            assert chunks_of(rest) == (pieces, True)
            assert error is None
            assert head.startswith(b"HTTP/1.1 200 OK\r\n")
            assert b"content-type: text/event-stream" in head.lower()


def same(message: ssescan.Message) -> list[Any]:
    """Return what a translation keeps. The usage of Chat comes only if it is asked for."""
    calls = [(call.name, json.loads(call.arguments)) for call in message.tool_calls]
    return [message.text, message.reasoning, calls, message.finish_reason, message.model]


@pytest.mark.parametrize("asked", APIS)
@pytest.mark.parametrize("recorded", APIS)
def test_other_formats_are_written(recorded: str, asked: Any) -> None:
    if recorded == asked:
        return
    tape = Tape(pieces_of(stream_of(recorded), 50), status=200, headers=EVENT_STREAM)
    expected = b"".join(ssescan.transcode(tape, asked))
    with replay_server(tape) as server:
        answer = played(server.url, PATHS[asked], body={"stream": True})
        again = played(server.url, PATHS[asked], body={"stream": True})
    message = ssescan.stream([answer.content]).collect()
    assert (ssescan.stream([answer.content], asked).api, message.complete) == (asked, True)
    assert same(message) == same(ssescan.stream([expected]).collect())
    assert again.content == answer.content


def test_usage_of_chat_as_the_request_asks() -> None:
    with replay_server(Tape([stream_of("anthropic")])) as server:
        plain = played(server.url, PATHS["openai-chat"], body={"stream": True})
        asked = played(
            server.url, PATHS["openai-chat"], body={"stream": True, "stream_options": {"include_usage": True}}
        )
    assert b'"usage":{' not in plain.content
    assert b'"usage":{"prompt_tokens":412' in asked.content


@pytest.mark.parametrize("api", APIS)
def test_request_for_no_stream_gets_the_whole_answer(api: Any) -> None:
    path = PATHS[api].replace("streamGenerateContent?alt=sse", "generateContent")
    with replay_server(Tape([stream_of("gemini")])) as server:
        answer = played(server.url, path, body={"model": "m", "stream": False})
    assert answer.headers["content-type"] == "application/json"
    message = ssescan.stream([answer.content], api).collect()
    expected = ssescan.stream([stream_of("gemini")]).collect()
    assert (message.text, message.complete) == (expected.text, True)


def test_cut_tape_is_an_error_in_other_formats() -> None:
    tape = Tape([stream_of("openai-chat")[:3000]])
    with replay_server(tape) as server:
        translated = played(server.url, PATHS["anthropic"], body={"stream": True})
        whole = played(server.url, PATHS["anthropic"], body={"stream": False})
        same = played(server.url, PATHS["openai-chat"], body={"stream": True})
    assert b"event: error" in translated.content
    assert (whole.status_code, whole.json()["type"]) == (502, "error")
    assert same.content == tape.chunks[0].data


def test_streams_of_no_model_are_played_on_every_path() -> None:
    with replay_server(Tape(CHUNKS)) as server:
        for path in ("/", *PATHS.values()):
            assert played(server.url, path, body={"stream": True}).content == BODY


def test_status_and_headers_of_the_tape(tmp_path: Path) -> None:
    head = {"status": 200, "headers": EVENT_STREAM | {"x-request-id": "r7", "content-length": "1", "date": "old"}}
    path = tape_file(tmp_path, CHUNKS, response=head)
    with replay_server(path) as server:
        answer = played(server.url)
    assert (answer.headers["x-request-id"], answer.content) == ("r7", BODY)
    assert "content-length" not in answer.headers
    assert answer.headers["date"] != "old"


def test_refusal_on_a_tape_is_one_in_every_format() -> None:
    said = b'{"error": {"message": "too many", "type": "rate", "code": null, "param": null}}'
    tape = Tape([said], status=429, headers={"content-type": "application/json", "retry-after": "7"})
    with replay_server(tape) as server:
        for path in PATHS.values():
            answer = played(server.url, path, body={"stream": True})
            assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")
            assert "too many" in answer.text
        assert played(server.url, "/other").content == said
        assert played(server.url, PATHS["anthropic"]).json()["error"]["type"] == "rate_limit_error"


def test_tapes_answer_in_turn_and_the_last_repeats(tmp_path: Path) -> None:
    with replay_server(Tape([b"data: 1\n\n"]), tape_file(tmp_path, CHUNKS), str(tape_file(tmp_path, CHUNKS))) as server:
        assert [played(server.url).content for _ in range(4)] == [b"data: 1\n\n", BODY, BODY, BODY]


@pytest.mark.parametrize(
    ("chunk", "expected"),
    [
        (None, CHUNKS),
        (7, pieces_of(BODY, 7)),
        (1000, [BODY]),
        ("event", [b"data: a\n\n", b"data: b\n\n", b"data: c\n\n", b": ping\n\n"]),
    ],
)
def test_chunks(chunk: Any, expected: list[bytes]) -> None:
    with replay_server(Tape(CHUNKS), chunk=chunk) as server:
        assert chunks_of(raw(server.url)[1]) == (expected, True)


def test_random_chunks_follow_from_the_seed() -> None:
    tape = Tape([stream_of("openai-chat")])
    found = []
    for chunk in ("random:1", "random:1", "random:2"):
        with replay_server(tape, chunk=chunk) as server:
            found.append(chunks_of(raw(server.url)[1])[0])
    assert found[0] == found[1] != found[2]
    assert all(b"".join(chunks) == tape.chunks[0].data for chunks in found)
    assert len(found[0]) > 50


@pytest.mark.parametrize("at", [0, 1, 7, 8, 20, len(BODY)])
def test_cut_is_an_unfinished_body(at: int) -> None:
    with replay_server(Tape(CHUNKS), cut_at=at) as server:
        _, rest, error = raw(server.url)
    assert (b"".join(chunks_of(rest)[0]), chunks_of(rest)[1], error) == (BODY[:at], False, None)


@pytest.mark.parametrize("at", [0, 1, 20, len(BODY)])
def test_reset_is_a_reset_after_all_bytes(at: int) -> None:
    with replay_server(Tape(CHUNKS), reset_at=at) as server:
        _, rest, error = raw(server.url)
    assert (b"".join(chunks_of(rest)[0]), chunks_of(rest)[1], error) == (BODY[:at], False, ConnectionResetError)


def test_stall_is_silence_until_the_client_goes() -> None:
    with replay_server(Tape(CHUNKS), stall_at=20) as server:
        with httpx.stream("GET", server.url, trust_env=False, timeout=0.2) as response:
            received = b""
            with pytest.raises(httpx.ReadTimeout):
                for chunk in response.iter_raw():
                    received += chunk
        assert received == BODY[:20]
        assert played(server.url, headers={FAULTS_HEADER: "stall-at=1000"}).content == BODY  # and it serves others


def test_closing_does_not_wait_for_stalled_answers() -> None:
    server = replay_server(Tape(CHUNKS), stall_at=0)
    with server, httpx.Client(trust_env=False, timeout=WAIT) as client:
        with client.stream("GET", server.url) as response:
            server.close()
            with pytest.raises(httpx.TransportError):
                response.read()


def test_place_after_the_end_changes_nothing() -> None:
    with replay_server(Tape(CHUNKS), cut_at=len(BODY) + 1, reset_at=10**9) as server:
        assert chunks_of(raw(server.url)[1]) == (CHUNKS, True)


def test_first_of_several_faults_wins() -> None:
    with replay_server(Tape(CHUNKS), cut_at=20, reset_at=5, stall_at=10) as server:
        assert raw(server.url)[2] is ConnectionResetError


@pytest.mark.parametrize("api", APIS)
def test_faults_count_the_bytes_of_the_translation(api: str) -> None:
    with replay_server(Tape([stream_of("anthropic")]), cut_at=100) as server:
        _, rest, _ = raw(server.url, PATHS[api].partition("?")[0], b'{"stream": true}')
    assert len(b"".join(chunks_of(rest)[0])) == 100


def test_faults_of_one_request() -> None:
    with replay_server(Tape(CHUNKS)) as server:
        cut = f"{FAULTS_HEADER}: cut-at=5; chunk=2\r\n"
        assert chunks_of(raw(server.url, headers=cut)[1]) == ([b"da", b"ta", b":"], False)
        assert played(server.url, headers={FAULTS_HEADER: "status=503"}).status_code == 503
        assert played(server.url, headers={FAULTS_HEADER: "speed=1, chunk=random:5"}).content == BODY
        assert played(server.url).content == BODY
        for wrong, text in (
            ("cutat=5", "expected the options speed, chunk, cut-at"),
            ("cut-at=x", "expected a number for cut-at, got 'x'"),
            ("chunk=x", "expected a number of bytes, 'event' or 'random:SEED' for chunk"),
            ("cut-at=-1", "cut_at must be at least 0"),
        ):
            answer = played(server.url, headers={FAULTS_HEADER: wrong})
            assert (answer.status_code, text in answer.text) == (400, True)


def test_requests_are_kept_without_secrets() -> None:
    with replay_server(Tape(CHUNKS)) as server:
        played(server.url, "/v1/messages?key=SECRET&beta=true", body={"model": "m"}, headers={"x-api-key": "SECRET"})
        httpx.get(f"{server.url}/b", trust_env=False, timeout=WAIT)
        first, second = server.requests
    assert (first.method, first.url) == ("POST", f"{server.url}/v1/messages?key=[redacted]&beta=true")
    assert (first.headers["x-api-key"], first.headers["content-type"]) == ("[redacted]", "application/json")
    assert first.body == {"model": "m"}
    assert (second.method, second.url, second.body) == ("GET", f"{server.url}/b", None)


def test_status_below_400_goes_with_the_tape() -> None:
    with replay_server(Tape(CHUNKS), status=201) as server:
        answer = played(server.url)
        empty = played(server.url, headers={FAULTS_HEADER: "status=204"})
    assert (answer.status_code, answer.content) == (201, BODY)
    assert (empty.status_code, empty.content) == (204, b"")


@pytest.mark.parametrize(("path", "key"), [("/", "error"), *((path, "error") for path in PATHS.values())])
def test_error_status_has_the_error_of_the_api(path: str, key: str) -> None:
    with replay_server(Tape(CHUNKS), status=529) as server:
        answer = played(server.url, path, body={"stream": True})
    assert (answer.status_code, answer.headers["content-type"]) == (529, "application/json")
    assert "529" in answer.json()[key]["message"]


def test_failed_tape_fails_again(tmp_path: Path) -> None:
    path = tmp_path / "failed.tape"
    path.write_bytes(tape_lines(CHUNKS, end=None) + b'{"ns":9,"outcome":"failed","error":"gone"}\n')
    with replay_server(path) as server:
        assert chunks_of(raw(server.url)[1]) == (CHUNKS, False)


def test_cut_recording_is_played_up_to_its_last_read(tmp_path: Path) -> None:
    path = tmp_path / "cut.tape"
    path.write_bytes(tape_lines(CHUNKS, end=None)[:-3])
    with replay_server(path) as server:
        assert chunks_of(raw(server.url)[1]) == (CHUNKS[:3], True)


def test_recorded_times_are_kept() -> None:
    # Later chunks are due far later than any test runs: the first one must not wait for them.
    tape = Tape([(0, b"data: a\n\n"), (3_600_000_000_000, b"data: b\n\n")])
    with replay_server(tape, speed=1) as server:
        with httpx.stream("GET", server.url, trust_env=False, timeout=WAIT) as response:
            assert next(response.iter_raw()) == b"data: a\n\n"
    with replay_server(tape, speed=0) as server:
        assert played(server.url).content == b"data: a\n\ndata: b\n\n"
    with replay_server(Tape([], began_ns=3_600_000_000_000), speed=1) as server, pytest.raises(httpx.ReadTimeout):
        httpx.get(server.url, trust_env=False, timeout=0.2)  # the headers have a time too
    began = time.monotonic()
    with replay_server(Tape([(200_000_000, b"data: a\n\n")]), speed=2) as server:
        assert played(server.url).content == b"data: a\n\n"
    assert time.monotonic() - began >= 0.1  # not before its time


def test_chunks_are_due_with_their_last_byte() -> None:
    from ssescan.testing.playback import rechunked

    chunks = [Chunk(1, b"ab"), Chunk(2, b"cd"), Chunk(3, b"e")]
    assert rechunked(chunks, 3) == [Chunk(2, b"abc"), Chunk(3, b"de")]
    assert rechunked(chunks, 1) == [Chunk(1, b"a"), Chunk(1, b"b"), Chunk(2, b"c"), Chunk(2, b"d"), Chunk(3, b"e")]
    assert rechunked([], 3) == []


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"speed": -1}, ValueError), ({"speed": "1"}, TypeError), ({"speed": float("inf")}, ValueError),
        ({"chunk": 0}, ValueError), ({"chunk": "events"}, ValueError), ({"chunk": "random"}, ValueError),
        ({"chunk": 1.5}, TypeError), ({"cut_at": -1}, ValueError), ({"reset_at": True}, TypeError),
        ({"stall_at": "5"}, TypeError), ({"status": 199}, ValueError), ({"status": 600}, ValueError),
    ],
)  # fmt: skip
def test_wrong_options(options: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error, match=f"^{next(iter(options))} must be"):
        replay_server(Tape(CHUNKS), **options)


def test_wrong_tapes(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="expected at least one tape"):
        replay_server()
    with pytest.raises(FileNotFoundError):
        replay_server(tmp_path / "missing.tape")


def test_port_that_is_taken() -> None:
    with replay_server(Tape(CHUNKS)) as server, pytest.raises(OSError, match="in use"):
        replay_server(Tape(CHUNKS), port=urlsplit(server.url).port or 0)


def test_fixture_starts_servers(replay_server: Callable[..., ReplayServer]) -> None:
    first, second = replay_server(Tape(CHUNKS)), replay_server(Tape([b"data: 2\n\n"]), chunk=4)
    assert (played(first.url).content, played(second.url).content) == (BODY, b"data: 2\n\n")


def test_application_runs_under_other_servers() -> None:
    async def main() -> None:
        transport = httpx.ASGITransport(replay_app(Tape([stream_of("gemini")])))
        async with httpx.AsyncClient(transport=transport, base_url="http://replay") as client:
            answer = await client.post("/v1/messages", json={"stream": True})
            assert answer.content.startswith(b"event: message_start")
            with pytest.raises(ConnectionAbortedError):
                await client.get("/", headers={FAULTS_HEADER: "reset-at=5"})

    asyncio.run(main())


def test_many_at_once() -> None:
    data = stream_of("openai-chat")

    async def main(url: str) -> list[bytes]:
        async with httpx.AsyncClient(trust_env=False, timeout=WAIT) as client:
            answers = await asyncio.gather(*(client.get(url) for _ in range(50)))
            return [answer.content for answer in answers]

    with replay_server(Tape([data]), chunk="event") as server:
        assert asyncio.run(main(server.url)) == [data] * 50


def test_json_answers_are_streamed_if_asked() -> None:
    choice = {"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}
    said = json.dumps({"id": "x", "object": "chat.completion", "model": "m", "choices": [choice]}).encode()
    tape = Tape([said], status=200, headers={"content-type": "application/json"})
    with replay_server(tape) as server:
        assert played(server.url, PATHS["openai-chat"], body={"stream": False}).content == said
        streamed = played(server.url, PATHS["openai-chat"], body={"stream": True})
        messages = played(server.url, PATHS["anthropic"], body={"stream": False})
    assert streamed.content.startswith(b"data: {")
    assert ssescan.stream([streamed.content]).collect().text == "Hi"
    assert [block["text"] for block in messages.json()["content"]] == ["Hi"]
