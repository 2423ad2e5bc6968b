"""HAR files and the cassettes of VCR.py are tapes without times."""

from __future__ import annotations

import base64
import gzip
import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

import ssescan
from ssescan.testing import Tape

if TYPE_CHECKING:
    from pathlib import Path

STREAM = "data: gr\u00fc\u00df\n\ndata: b\n\n"
KEY = "sk-proj-0123456789SECRET"
SENT = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
URL = f"https://me:{KEY}@host.example/v1/chat/completions?key={KEY}&alt=sse"


def har(*contents: dict[str, Any]) -> dict[str, Any]:
    """Return a HAR file with an entry for each content."""
    pairs = [{"name": name, "value": value} for name, value in SENT.items()]
    post = {"mimeType": "application/json", "text": json.dumps({"model": "m", "api_key": KEY})}
    request = {"method": "POST", "url": URL, "headers": pairs, "postData": post, "cookies": [], "headersSize": -1}
    response = {"status": 200, "headers": [{"name": "X-Request-Id", "value": "7"}], "httpVersion": "http/2.0"}
    entries = [{"request": request, "response": response | {"content": one}, "time": 5} for one in contents]
    return {"log": {"version": "1.2", "creator": {"name": "browser"}, "entries": entries}}


def cassette(*bodies: Any, headers: dict[str, list[str]] | None = None) -> dict[str, Any]:
    """Return a cassette with an interaction for each body."""
    request = {"method": "POST", "uri": URL, "headers": {name: [value] for name, value in SENT.items()}}
    request["body"] = json.dumps({"model": "m", "api_key": KEY})
    received = {"content-type": ["text/event-stream"], "set-cookie": [f"session={KEY}"]} | (headers or {})
    response = {"status": {"code": 200, "message": "OK"}, "headers": received}
    found = [{"request": request, "response": response | {"body": {"string": body}}} for body in bodies]
    return {"interactions": found, "version": 1}


def events(tape: Tape) -> list[str]:
    return [event.data for event in ssescan.iter_events(tape)]


def check(tape: Tape) -> None:
    """Check the stream of a tape, its request, and that no key is left in it."""
    assert events(tape) == ["gr\u00fc\u00df", "b"]
    assert [chunk.time_ns for chunk in tape.chunks] == [None]
    assert tape.request is not None
    assert (tape.request.method, tape.status, tape.headers["content-type"]) == ("POST", 200, "text/event-stream")
    assert tape.request.url == "https://host.example/v1/chat/completions?key=[redacted]&alt=sse"
    assert tape.request.body == {"model": "m", "api_key": "[redacted]"}
    assert "SECRET" not in f"{tape.request} {tape.headers}"


def test_har(tmp_path: Path) -> None:
    path = tmp_path / "page.har"
    encoded = base64.b64encode(STREAM.encode()).decode()
    kind = {"mimeType": "text/event-stream", "size": 5}
    path.write_text(json.dumps(har(kind | {"text": STREAM}, kind | {"text": encoded, "encoding": "base64"}, kind)))
    for index in (0, 1):
        tape = Tape.open(path, index)
        check(tape)
        assert tape.headers["x-request-id"] == "7"
    empty = Tape.open(path, 2)
    assert (empty.chunks, empty.note) == ((), "the file has no body for it: save it with the contents")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    check(Tape.open(path))
    assert len(Tape.open_all(path)) == 3


def test_index_out_of_range_lists_the_entries(tmp_path: Path) -> None:
    path = tmp_path / "page.har"
    path.write_text(json.dumps(har({"mimeType": "text/html", "text": ""}, {"mimeType": "text/event-stream"})))
    with pytest.raises(ValueError, match=r"got 2; entries: 0: POST https://host\.example/") as caught:
        Tape.open(path, 2)
    assert "status 200, text/html; 1: POST" in str(caught.value)
    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize("suffix", ["yaml", "json"])
def test_cassettes(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"cassette.{suffix}"
    write(path, cassette(STREAM, "data: second\n\n"))
    check(Tape.open(path))
    assert events(Tape.open(path, 1)) == ["second"]


@pytest.mark.parametrize("body", [gzip.compress(STREAM.encode()), STREAM.encode()], ids=["encoded", "decoded"])
def test_content_encoding_of_a_cassette(body: bytes, tmp_path: Path) -> None:
    path = tmp_path / "cassette.yaml"
    write(path, cassette(body, headers={"Content-Encoding": ["gzip"]}))
    tape = Tape.open(path)
    check(tape)
    assert (tape.encoding, "content-encoding" in tape.headers) == ("gzip", False)


def test_cassette_of_older_httpx(tmp_path: Path) -> None:
    found = cassette(STREAM)
    response = found["interactions"][0]["response"]
    del response["body"], response["status"]
    response |= {"status_code": 200, "content": STREAM, "http_version": "HTTP/1.1"}
    path = tmp_path / "cassette.yaml"
    write(path, found)
    check(Tape.open(path))


def test_yaml_without_pyyaml_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "cassette.yaml"
    path.write_text("interactions:\n- request: {}\n")
    monkeypatch.setitem(sys.modules, "yaml", None)
    with pytest.raises(ImportError, match=r"cassette.yaml is a cassette in YAML.*pip install pyyaml"):
        Tape.open(path)


@pytest.mark.parametrize(
    ("name", "text", "error"),
    [
        ("a.har", '{"log": {"entries": [{"request": {}}]}}', "expected a HAR file in a.har, got another structure"),
        ("a.json", '{"interactions": 5}', "expected a cassette of VCR.py in a.json, got another structure"),
        ("a.yaml", "interactions: [}\n", "expected a cassette of VCR.py in a.yaml, got YAML that is damaged"),
        ("a.har", json.dumps(har({"text": "%", "encoding": "base64"})), "expected base64 in the content of a.har"),
    ],
)
def test_damaged_archives(name: str, text: str, error: str, tmp_path: Path) -> None:
    if name.endswith(".yaml"):
        pytest.importorskip("yaml")
    (tmp_path / name).write_text(text)
    with pytest.raises(ValueError, match=error):
        Tape.open(tmp_path / name)


@pytest.mark.parametrize("data", [b'{"a": 1}\n{"b": 2}\n', b'{"log": 5}', b"data: interactions:\n\n", b"{["])
def test_other_files_are_plain(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "plain"
    path.write_bytes(data)
    assert [chunk.data for chunk in Tape.open(path).chunks] == [data]


def write(path: Path, value: dict[str, Any]) -> None:
    if path.suffix == ".json":
        path.write_text(json.dumps(value))
        return
    yaml = pytest.importorskip("yaml")
    path.write_text(yaml.safe_dump(value, allow_unicode=False))
