"""Damaged and hostile tapes, HAR files and cassettes: each opens or is an error that says what to do. None crashes."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

import ssescan
from ssescan.testing import Tape, replay_server

from .streams import EVENT_STREAM, tape_lines
from .test_archives import KEY, STREAM, cassette, events, har, write

if TYPE_CHECKING:
    from pathlib import Path

CHUNKS = [b"data: a\n\n", b"data: b\n\n"]
REQUEST = {"method": "GET", "url": "http://host.example/", "headers": {}}
WAIT = 20.0  # seconds


def opened(folder: Path, data: bytes, name: str = "x.tape") -> Tape:
    path = folder / name
    path.write_bytes(data)
    return Tape.open(path)


def test_each_line_cut_at_each_byte(tmp_path: Path) -> None:
    lines = tape_lines(CHUNKS, request=REQUEST).splitlines(keepends=True)
    for number, line in enumerate(lines):
        for at in range(1, len(line) - 1):
            damaged = b"".join([*lines[:number], line[:at] + b"\n", *lines[number + 1 :]])
            with pytest.raises(ValueError, match=f"(line {number + 1} of x.tape, got|no of a tape)") as caught:
                raise_unless_plain(opened(tmp_path, damaged))
            assert number == 0 or "; delete that line to read the others" in str(caught.value)


def raise_unless_plain(tape: Tape) -> None:
    """Raise for a file that does not begin as a tape: it is the bytes of a stream."""
    assert tape.request is None
    assert tape.chunks[0].time_ns is None
    raise ValueError("no of a tape")


HEAD = b'{"ssescan_tape":1}\n'
DEEP = b'{"ssescan_tape":1,"request":{"method":"G","url":"u","body":' + b"[" * 100_000 + b"]" * 100_000 + b"}}\n"


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b'{"ssescan_tape":"1"}\n', "line 1 of x.tape, got one that is damaged: Expected `int`, got `str`"),
        (b'{"ssescan_tape":2}\n', "got version 2: a newer ssescan wrote it, upgrade this one"),
        (b'{"ssescan_tape":-1}\n', "got version -1$"),
        (DEEP, "line 1 of x.tape, got one that is damaged: maximum recursion depth"),
        (HEAD + DEEP, "line 2 of x.tape, got one that is damaged"),
        (HEAD + DEEP[:-1], "line 2 of x.tape, got one that is damaged"),
        (HEAD + b"[]\n", "line 2 of x.tape, got one that is damaged: Expected `object`, got `array`"),
        (HEAD + b'{"data":"YQ=="}\n', "Object missing required field `ns`; delete that line"),
        (HEAD + b'{"ns":1,"data":"Y"}\n', "Invalid base64 encoded string"),
        (HEAD + b'{"ns":1,"data":5}\n', "Expected `bytes | null`, got `int`"),
        (HEAD + b'{"ns":1.5,"data":"YQ=="}\n', "Expected `int`, got `float`"),
        (HEAD + b'{"ns":%d,"data":"YQ=="}\n' % 2**63, "Expected `int` <= 9223372036854775807"),
        (HEAD + b'{"ns":%s,"data":"YQ=="}\n' % (b"9" * 5000), "line 2 of x.tape, got one that is damaged"),
        (HEAD + b'{"ns":1,"data":null}\n', "expected a read in line 2 of x.tape, got no data; delete"),
        (HEAD + b'{"ns":1,"data":"YQ==","outcome":"ended"}\n', "got data and an outcome; delete that line"),
        (HEAD + b'{"ns":1,"outcome":"ended"}\n' * 2, "line 2 of x.tape, got an outcome before the last line"),
        (tape_lines(CHUNKS) * 2, "line 5 of x.tape, got one that is damaged"),
        (tape_lines(CHUNKS, response={"status": "200", "headers": {}}), "Expected `int`, got `str`"),
        (tape_lines(CHUNKS, response={"status": 200, "headers": {"a": 5}}), "Expected `str`, got `int`"),
        (tape_lines(CHUNKS, response={"status": 200, "headers": []}), "Expected `object`, got `array`"),
        (tape_lines(CHUNKS, request={"method": "GET"}), "missing required field `url`"),
    ],
)
def test_damaged_tapes_say_where_and_what(data: bytes, error: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=error) as caught:
        opened(tmp_path, data)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    "change",
    [
        lambda data: b"\xef\xbb\xbf" + data,
        lambda data: data.replace(b"\n", b"\r\n"),
        lambda data: data + b"\n\r\n",
        lambda data: data.replace(b'"ns"', b' "more": [1], "ns"').replace(b":", b": ").replace(b'tape": ', b'tape":'),
        lambda data: data[:-1],
    ],
    ids=["byte order mark", "CRLF", "empty lines", "spaces and fields", "no line end"],
)
def test_what_editors_do_to_a_tape_is_harmless(change: Any, tmp_path: Path) -> None:
    tape = opened(tmp_path, change(tape_lines(CHUNKS)))
    assert [chunk.data for chunk in tape.chunks] == CHUNKS
    assert (tape.outcome, tape.note) == ("ended", "")


@pytest.mark.parametrize("data", [b"", b"\0" * 50, b"\xef\xbb\xbf", bytes(range(256)), b"{}", b"[" * 100_000])
def test_any_other_file_is_the_bytes_of_a_stream(data: bytes, tmp_path: Path) -> None:
    tape = opened(tmp_path, data)
    assert b"".join(chunk.data for chunk in tape.chunks) == data
    with pytest.raises((ssescan.StreamCut, ssescan.UnknownFormat)):
        ssescan.stream(tape).collect()


def test_folder_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=str(tmp_path)):
        Tape.open(tmp_path)


# Replayed


@pytest.mark.parametrize("status", [0, -1, 100, 199, 600, 99999, 10**30])
def test_status_that_no_server_sends_is_refused(status: int) -> None:
    with pytest.raises(ValueError, match=f"expected a status from 200 to 599 to replay in a tape, got {status}: "):
        replay_server(Tape(CHUNKS, status=status))


@pytest.mark.parametrize("status", [204, 304])
def test_status_without_a_body_has_none(status: int) -> None:
    with replay_server(Tape(CHUNKS, status=status)) as server:
        answer = httpx.get(server.url, trust_env=False, timeout=WAIT)
    assert (answer.status_code, answer.content) == (status, b"")


def test_headers_that_http_does_not_have() -> None:
    headers = {":status": "200", "a b": "1", "": "1", "x\n": "1", "\u00e9": "1", "vary": "a\nb", "x-space": " a\t\0 "}
    headers |= {"x-euro": "\u20ac", "x-latin": "\u00e9", "x-inject": "a\r\nset-cookie: b", "content-length": "5"}
    with replay_server(Tape(CHUNKS, status=200, headers=EVENT_STREAM | headers)) as server:
        answer = httpx.get(server.url, trust_env=False, timeout=WAIT)
    assert answer.content == b"".join(CHUNKS)
    raw = dict(answer.headers.raw)
    assert (raw[b"vary"], raw[b"x-space"], raw[b"x-inject"]) == (b"a b", b"a", b"a set-cookie: b")
    assert (raw[b"x-euro"], raw[b"x-latin"]) == ("\u20ac".encode(), "\u00e9".encode("latin-1"))
    assert {b"content-length", b"set-cookie", b":status", b"a b"}.isdisjoint(raw)


# HAR files


def changed(value: Any, path: str, new: Any) -> Any:
    """Return a copy of a value of JSON with another one at a place."""
    copy = json.loads(json.dumps(value))
    *names, last = path.split(".")
    inner = copy
    for name in names:
        inner = inner[int(name) if name.isdigit() else name]
    inner[last] = new
    return copy


ENTRY = "log.entries.0"
NULLS = (
    "request.headers", "request.postData", "request.postData.text", "request.postData.mimeType", "response.headers",
    "response.content", "response.content.text", "response.content.mimeType", "response.content.encoding",
)  # fmt: skip


@pytest.mark.parametrize("place", NULLS)
def test_null_in_a_har_is_nothing(place: str, tmp_path: Path) -> None:
    content = {"mimeType": "text/event-stream", "text": STREAM, "encoding": ""}
    whole = changed(har(content), f"{ENTRY}.{place}", None)
    tape = opened(tmp_path, json.dumps(whole).encode(), "a.har")
    assert tape.status == 200
    if place in {"response.content", "response.content.text"}:
        assert tape.note == "the file has no body for it: save it with the contents"
    else:
        assert [chunk.data for chunk in tape.chunks] == [STREAM.encode()]


def test_har_of_a_request_without_an_answer(tmp_path: Path) -> None:
    # Chrome's, of a request that was blocked; pseudo-headers of HTTP/2; several values of a header in one.
    blocked = changed(har({"size": 0, "mimeType": "x-unknown"}), f"{ENTRY}.response.status", 0)
    blocked = changed(blocked, f"{ENTRY}.request.headers", [{"name": ":authority", "value": "host.example"}])
    blocked = changed(blocked, f"{ENTRY}.response.headers", [{"name": "set-cookie", "value": f"a={KEY}\nb={KEY}"}])
    tape = opened(tmp_path, json.dumps(blocked).encode(), "a.har")
    assert (tape.status, tape.chunks, tape.headers["set-cookie"]) == (0, (), "[redacted]")


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (
            json.dumps(har({"text": STREAM}))[:-9],
            "expected JSON in a.har, got JSON that is damaged: .*; record it again",
        ),
        ('{"log":{"entries":[' + "[" * 100_000, "expected JSON in a.har, got JSON that is damaged: maximum recursion"),
        ('{"version": 1, "interactions": [{', "expected JSON in a.har, got JSON that is damaged"),
        ('{"log":{"entries":5}}', "expected a HAR file in a.har, got another structure"),
        ('{"log":{"entries":[5]}}', "expected a HAR file in a.har, got another structure"),
        (json.dumps(changed(har({}), f"{ENTRY}.response.status", "200")), "Expected `int`, got `str`"),
        (json.dumps(changed(har({}), f"{ENTRY}.response.content.text", 5)), "Expected `str | null`, got `int`"),
    ],
)
def test_damaged_har_files(data: str, error: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=error):
        opened(tmp_path, data.encode(), "a.har")


@pytest.mark.parametrize("kind", ["har", "cassette"])
def test_echo_of_a_key_is_masked(kind: str, tmp_path: Path) -> None:
    echo = f"data: wrong key {KEY}\n\n"
    whole = har({"mimeType": "text/event-stream", "text": echo}) if kind == "har" else cassette(echo)
    tape = opened(tmp_path, json.dumps(whole).encode(), "a.json")
    assert tape.chunks[0].data == b"data: wrong key " + b"*" * len(KEY) + b"\n\n"
    assert "SECRET" not in repr(tape)


# Cassettes


@pytest.mark.parametrize(
    "body",
    [
        {"string": STREAM}, {"string": STREAM.encode()}, {"base64_string": "ZGF0YTogZ3LDvMOf\nCgpkYXRhOiBiCgo="},
        STREAM, STREAM.encode(), {"string": STREAM, "encoding": "utf-8"},
    ],
    ids=range(6),
)  # fmt: skip
def test_bodies_of_cassettes(body: Any, tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    whole = cassette(STREAM)
    whole["interactions"][0]["response"]["body"] = body
    write(path, whole)
    assert events(Tape.open(path)) == ["gr\u00fc\u00df", "b"]


@pytest.mark.parametrize(
    ("place", "value", "error"),
    [
        ("response.body", {"text": "a"}, "expected bytes or a text as each body in a.yaml, got dict"),
        ("response.body", {"string": [1]}, "expected bytes or a text as each body in a.yaml, got list"),
        ("response.body", {"base64_string": "?"}, "expected base64 in the content of a.yaml"),
        ("response.status", {"code": "200"}, "expected a number as each status in a.yaml, got str"),
        ("response.status", {}, "expected a number as each status in a.yaml, got NoneType"),
        ("response.headers", {"a": [None]}, "expected a cassette of VCR.py in a.yaml, got another structure"),
        ("response", 5, "expected a cassette of VCR.py in a.yaml, got another structure"),
        ("request.uri", 5, "expected a cassette of VCR.py in a.yaml, got another structure"),
    ],
)
def test_damaged_cassettes(place: str, value: Any, error: str, tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    write(path, changed(cassette(STREAM), f"interactions.0.{place}", value))
    with pytest.raises(ValueError, match=error):
        Tape.open(path)


def test_status_may_be_a_number_and_headers_null(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    write(
        path,
        changed(
            changed(cassette(STREAM), "interactions.0.response.status", 201), "interactions.0.request.headers", None
        ),
    )
    assert (Tape.open(path).status, events(Tape.open(path))) == (201, ["gr\u00fc\u00df", "b"])


@pytest.mark.parametrize("body", [b"\xff\xfe", gzip.compress(STREAM.encode())[5:]])
def test_body_that_cannot_be_decoded_names_the_file(body: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    write(path, cassette(body, headers={"Content-Encoding": ["gzip"]}))
    with pytest.raises(ValueError, match=r"in a\.yaml, the body cannot be decoded as gzip"):
        Tape.open(path)


INTERACTION = """- request: {method: GET, uri: 'http://host/', body: {string: %s}}
  response: {status: {code: 200}, headers: {}, body: {string: 'data: a'}}
"""
LAUGHS = "x0: &x0 [a]\n" + "".join(f"x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 9)}]\n" for n in range(1, 12))


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("version: 1\n" + LAUGHS + "interactions:\n" + INTERACTION % "*x11", "got aliases within aliases"),
        ("interactions:\n" + INTERACTION % "&b {x: *b}", "got aliases within aliases"),
        ("interactions: &a [*a]\n", "got aliases within aliases"),
        ("interactions: " + "[" * 20_000, "got YAML that is damaged"),
        ("interactions:\n- !!python/object/apply:os.abort []\n", "got YAML that is damaged: could not determine"),
        ("interactions:\n", "got another structure"),
    ],
    ids=["billion laughs", "a body within itself", "a list within itself", "deep", "an object", "nothing"],
)
def test_hostile_yaml(text: str, error: str, tmp_path: Path) -> None:
    pytest.importorskip("yaml")
    with pytest.raises(ValueError, match=error):
        opened(tmp_path, text.encode(), "a.yaml")


@pytest.mark.parametrize("line", [b"#\n", b"---\n", b"%\n", b"\n", b"a\n", b"# a: b\n"])
def test_lines_before_a_cassette_take_no_time(line: bytes, tmp_path: Path) -> None:
    tape = opened(tmp_path, line * 2000)  # once, each line doubled the time
    assert tape.size == 2000 * len(line)


def test_comments_before_a_cassette(tmp_path: Path) -> None:
    yaml = pytest.importorskip("yaml")
    text = "%YAML 1.1\n# made: by hand\n---\n\n" + yaml.safe_dump(cassette(STREAM))
    assert events(opened(tmp_path, text.encode(), "a.yaml")) == ["gr\u00fc\u00df", "b"]


def test_harmless_aliases_are_read(tmp_path: Path) -> None:
    yaml = pytest.importorskip("yaml")
    whole = cassette(*[STREAM] * 3)  # the writer makes aliases of values that are the same object
    text = yaml.safe_dump(whole)
    assert "*id001" in text
    path = tmp_path / "a.yaml"
    path.write_text(text)
    assert len(Tape.open_all(path)) == 3
