"""The programs of docs/recipes.md run with another URL against servers on this machine."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from cli.processes import GUARD, Server, environment, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = Path(__file__).parents[2] / "docs" / "recipes.md"
pytestmark = pytest.mark.skipif(
    not PAGE.is_file(), reason="the docs are missing: the tests run outside of the checkout"
)
RECIPE = re.compile(r"^## (.+?)\n.*?^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CHAT = "/v1/chat/completions"
HANGS = "it hangs"


def recipes() -> dict[str, str]:
    return dict(RECIPE.findall(PAGE.read_text(encoding="utf-8")))


def recipe(begin: str, url: str) -> str:
    found = [text for name, text in recipes().items() if name.startswith(begin)]
    assert len(found) == 1
    assert "https://example.com" in found[0]
    return found[0].replace("https://example.com", url)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, env=environment(), timeout=GUARD, check=False, text=True
    )


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    with serving(server):
        yield server


@pytest.fixture
def recorded() -> bytes:
    """Return a stream of Chat Completions with its usage."""
    return files("ssescan.cli").joinpath("streams", "openai-chat.sse").read_bytes()


def test_every_recipe_has_a_test() -> None:
    begins = ("A gateway", "Load test", "aiohttp", "Jupyter", "Reading MCP")
    assert len(recipes()) == len(begins)
    assert PAGE.read_text(encoding="utf-8").count("```python") == len(begins)
    for begin in begins:
        recipe(begin, "")


# The gateway


class Gateway:
    """A running gateway, whose output is read line by line."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        assert process.stderr is not None
        log = ""
        for line in process.stderr:
            log += line
            if found := re.search(r"running on (http://[\d.:]+)", line):
                self.url = found[1]
                break
        else:
            pytest.fail(f"the gateway did not start: {log}")
        # Discard the rest, so that the pipe never fills.
        threading.Thread(target=process.stderr.read, daemon=True).start()

    def next_line(self) -> str:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if not line.startswith("INFO:"):
                return line
        return HANGS


@pytest.fixture
def gateway(server: Server, tmp_path: Path) -> Iterator[Gateway]:
    url = f"http://127.0.0.1:{server.server_port}"
    (tmp_path / "gateway.py").write_text(recipe("A gateway", url), encoding="utf-8")
    with subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "gateway:app", "--port", "0", "--no-access-log"],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        guard = threading.Timer(GUARD, process.kill)
        guard.start()
        try:
            yield Gateway(process)
        finally:
            guard.cancel()
            process.kill()


def test_gateway_forwards_each_chunk_and_counts(server: Server, gateway: Gateway, recorded: bytes) -> None:
    arrived = threading.Event()
    # Cut within a line, with bytes that only an exact copy keeps.
    body = b"\xef\xbb\xbf: hello\r\n\r\n" + recorded
    server.answers_with(body[:100], lambda: arrived.wait(GUARD), body[100:], path=CHAT)
    headers = {"Authorization": "Bearer key", "Content-Type": "application/json"}
    received = b""
    with httpx.stream("POST", gateway.url + CHAT, headers=headers, content=b'{"n": 1}', timeout=GUARD) as response:
        for chunk in response.iter_raw():
            received += chunk
            if len(received) >= 100:
                arrived.set()
    assert received == body
    assert (response.status_code, response.headers["content-type"]) == (200, "text/event-stream")
    (request,) = server.received
    assert (request.body, request.all("authorization")) == (b'{"n": 1}', ["Bearer key"])
    record = json.loads(gateway.next_line())
    assert record["complete"] is True
    assert record["output"] > 0


def test_gateway_forwards_and_reports_a_cut_answer(server: Server, gateway: Gateway, recorded: bytes) -> None:
    body = recorded[: len(recorded) // 2]
    server.answers_with(body, path=CHAT)
    assert httpx.post(gateway.url + CHAT, timeout=GUARD).content == body
    assert json.loads(gateway.next_line())["complete"] is False


def test_gateway_survives_a_failing_reader(server: Server, gateway: Gateway) -> None:
    body = b'data: {"of no format": true}\n\n' + b"data: and more\n\n" * 1000
    server.answers_with(body, path=CHAT)
    assert httpx.post(gateway.url + CHAT, timeout=GUARD).content == body
    assert gateway.next_line().startswith("not counted: UnknownFormat")


def test_gateway_forwards_a_compressed_body(server: Server, gateway: Gateway, recorded: bytes) -> None:
    server.answers_with(gzip.compress(recorded), path=CHAT, headers={"Content-Encoding": "gzip"})
    response = httpx.post(gateway.url + CHAT, timeout=GUARD)
    assert (response.content, response.headers["content-encoding"]) == (recorded, "gzip")
    assert gateway.next_line() != HANGS


def test_gateway_forwards_a_refusal(server: Server, gateway: Gateway) -> None:
    body = b'{"error": {"message": "no such key", "type": "invalid_request_error"}}'
    server.answers_with(body, path=CHAT, status=401, content_type="application/json", headers={"Retry-After": "7"})
    response = httpx.post(gateway.url + CHAT, timeout=GUARD)
    assert (response.status_code, response.content, response.headers["retry-after"]) == (401, body, "7")
    assert json.loads(gateway.next_line())["complete"] is False


def test_gateway_client_that_leaves_ends_the_request(server: Server, gateway: Gateway, recorded: bytes) -> None:
    gone = threading.Event()
    written: list[float] = []
    more: list[Any] = [lambda: gone.wait(GUARD)]
    more += [b": ping\n\n" * 1000, lambda: written.append(time.monotonic()), lambda: time.sleep(0.02)] * 1000
    server.answers_with(recorded[:400], *more, path=CHAT)
    with httpx.stream("POST", gateway.url + CHAT, timeout=GUARD) as response:
        next(response.iter_raw())
    gone.set()
    assert json.loads(gateway.next_line())["complete"] is False
    time.sleep(1)  # the kernel may still accept bytes for the gateway
    before = len(written)
    time.sleep(0.3)
    assert len(written) == before < 1000


# The other recipes


def test_load_test_prints_times_and_failures(server: Server, recorded: bytes) -> None:
    url = f"http://127.0.0.1:{server.server_port}"
    server.answers_with(recorded[:500], recorded[500:], path=CHAT)
    done = run("-c", recipe("Load test", url))
    assert (done.returncode, done.stderr) == (0, "")
    number = r"p50 +[\d.]+ ms   p99 +[\d.]+ ms   of (\d+)\n"
    assert re.fullmatch(rf"first token +{number}whole answer +{number}lag +{number}failed \{{\}}\n", done.stdout), (
        done.stdout
    )
    assert len(server.received) == 20

    server.answers_with(recorded[:500], path=CHAT)
    done = run("-c", recipe("Load test", url))
    assert (done.returncode, done.stderr) == (1, "")
    assert "first token" not in done.stdout
    assert "failed {'StreamCut': 20}" in done.stdout


@pytest.mark.parametrize("name", ["aiohttp", "Jupyter"])
def test_recipe_prints_the_answer(server: Server, recorded: bytes, name: str) -> None:
    server.answers_with(recorded, path=CHAT)
    program = recipe(name, f"http://127.0.0.1:{server.server_port}")
    if name == "Jupyter":  # run it as a cell
        program = (
            "import ast, asyncio\n"
            f"cell = compile({program!r}, 'cell', 'exec', flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)\n"
            "asyncio.run(eval(cell, {}))"
        )
    done = run("-c", program)
    assert (done.returncode, done.stderr) == (0, "")
    *text, last = done.stdout.splitlines()
    assert len(" ".join(text)) > 100
    assert last.startswith("stop")


class Mcp(BaseHTTPRequestHandler):
    """An MCP server that ends the connection twice before it answers a call."""

    protocol_version = "HTTP/1.1"
    server: McpServer

    def do_POST(self) -> None:
        message = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.seen.append((message["method"], self.headers["mcp-session-id"]))
        if message["method"] == "initialize":
            answer = {"jsonrpc": "2.0", "id": message["id"], "result": {"protocolVersion": "2025-11-25"}}
            self.send(200, json.dumps(answer).encode(), "application/json", session="s1")
        elif message["method"] == "notifications/initialized":
            self.send(202, b"")
        elif self.server.broken:
            self.send(200, b": nothing\n\n", "text/event-stream")
        else:
            self.send(200, b"id: e1\nretry: 5\n\n", "text/event-stream")

    def do_GET(self) -> None:
        event = self.headers["last-event-id"]
        self.server.seen.append((f"GET {event}", self.headers["mcp-session-id"]))
        if event == "e1":
            note = {"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progress": 1}}
            self.send(200, b"id: e2\ndata: %s\n\n" % json.dumps(note).encode(), "text/event-stream")
        else:
            answer = {"jsonrpc": "2.0", "id": 2, "result": {"content": [{"type": "text", "text": "3"}]}}
            self.send(200, b"id: e3\ndata: %s\n\n" % json.dumps(answer).encode(), "text/event-stream")

    def send(self, status: int, body: bytes, content_type: str = "", session: str = "") -> None:
        self.send_response(status)
        for name, value in (("Content-Type", content_type), ("Mcp-Session-Id", session)):
            if value:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""


class McpServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, *, broken: bool) -> None:
        super().__init__(("127.0.0.1", 0), Mcp)
        self.broken = broken
        self.seen: list[tuple[str, str | None]] = []


def test_mcp_answer_over_three_connections() -> None:
    server = McpServer(broken=False)
    with serving(server) as url:
        done = run("-c", recipe("Reading MCP", url))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "meanwhile: notifications/progress {'progress': 1}\n3\n"
    assert server.seen == [
        ("initialize", None),
        ("notifications/initialized", "s1"),
        ("tools/call", "s1"),
        ("GET e1", "s1"),
        ("GET e2", "s1"),
    ]


def test_mcp_stream_that_cannot_resume() -> None:
    server = McpServer(broken=True)
    with serving(server) as url:
        done = run("-c", recipe("Reading MCP", url))
    assert done.returncode == 1
    assert "ConnectionError: the stream ended before the answer (ended)" in done.stderr
