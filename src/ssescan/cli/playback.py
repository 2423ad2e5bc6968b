"""The local server of the demo: it plays the streams of `streams/` over HTTP, at the pace of a model.

The streams have the formats of four LLM APIs; their texts were written for this demo. Every stream is cut into writes
at places where readers that wait for whole lines fail. Knows nothing of ssescan: it sends bytes.
"""

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from itertools import pairwise
from typing import cast

BLANK_LINE = re.compile(rb"\r?\n\r?\n")


@dataclass(frozen=True)
class Scene:
    """One stream and its pace: seconds before the first write, and between two writes."""

    name: str
    title: str
    writes: tuple[bytes, ...]
    first: float
    between: float

    @property
    def events(self) -> int:
        """The number of complete events in the writes."""
        return len(BLANK_LINE.findall(b"".join(self.writes)))


def scenes() -> list[Scene]:
    """Return the scenes in their order; the last one ends in the middle of an event."""
    chat = recorded("openai-chat")
    cut = chat[: event_ends(chat)[11] + 150]
    return [
        Scene("openai-chat", "OpenAI, Chat Completions", writes_of(chat), 0.35, 1 / 50),
        Scene("openai-responses", "OpenAI, Responses", writes_of(recorded("openai-responses")), 0.4, 1 / 45),
        Scene("anthropic", "Anthropic, Messages", writes_of(recorded("anthropic")), 0.45, 1 / 30),
        Scene("gemini", "Gemini (few large events, CRLF)", writes_of(recorded("gemini")), 0.5, 0.15),
        Scene("cut", "OpenAI once more, but the server ends in the middle of an event", writes_of(cut), 0.3, 1 / 50),
    ]


def recorded(name: str) -> bytes:
    """Return one of the streams in the package."""
    return files("ssescan.cli").joinpath("streams", f"{name}.sse").read_bytes()


def event_ends(body: bytes) -> list[int]:
    """Return the offset after each blank line."""
    return [match.end() for match in BLANK_LINE.finditer(body)]


def writes_of(body: bytes) -> tuple[bytes, ...]:
    """Cut a stream into about one write for each event, many of them at awkward places.

    Every other write ends with an event. The others end 25 bytes into the next line, or before the last byte of the
    event (with CRLF: between CR and LF); one ends within the first character that is not ASCII.
    """
    shifts = (0, 25, 0, -1)
    cuts = {end + shifts[number % len(shifts)] for number, end in enumerate(event_ends(body))}
    if several_bytes := re.search(rb"[\xc2-\xf4]", body):
        cuts.add(several_bytes.start() + 1)
    bounds = [0, *sorted(cut for cut in cuts if cut < len(body)), len(body)]
    return tuple(body[start:end] for start, end in pairwise(bounds))


class Player(BaseHTTPRequestHandler):
    """Handler that answers GET /NAME with the scene of that name; each write is a chunk of the chunked coding."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        playback = cast("PlaybackServer", self.server)
        scene = playback.scenes.get(self.path.lstrip("/"))
        if scene is None:
            self.send_error(404, "No such stream", f"There is: {', '.join(playback.scenes)}")
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        pause = scene.first
        for write in scene.writes:
            time.sleep(pause * playback.pace)
            self.wfile.write(b"%x\r\n%s\r\n" % (len(write), write))
            pause = scene.between
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing: the demo prints to the terminal."""


class PlaybackServer(ThreadingHTTPServer):
    """A server of scenes on a free local port. `pace` stretches all pauses; 0: none."""

    daemon_threads = True

    def __init__(self, played: list[Scene], pace: float) -> None:
        super().__init__(("127.0.0.1", 0), Player)
        self.scenes: dict[str, Scene] = {scene.name: scene for scene in played}
        self.pace = pace

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore readers that leave early."""


@contextmanager
def playing(played: list[Scene], pace: float) -> Iterator[PlaybackServer]:
    """Serve the scenes in a thread until the block ends."""
    with PlaybackServer(played, pace) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
