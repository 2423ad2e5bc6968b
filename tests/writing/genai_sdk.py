"""google-genai, which reads streams for the tests of "gemini": over a server on the loopback."""

from __future__ import annotations

from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import google.genai
from cli.processes import serving
from google.genai import types

if TYPE_CHECKING:
    from collections.abc import Iterator


class Answer:
    """The result of the SDK for a stream. `error`: the exception that it raised."""

    def __init__(self) -> None:
        self.chunks: list[types.GenerateContentResponse] = []
        self.error: Exception | None = None

    def parts(self, choice: int = 0) -> list[types.Part]:
        """Return all parts of a candidate."""
        candidates = [one for chunk in self.chunks for one in chunk.candidates or () if one.index == choice]
        return [part for one in candidates if one.content for part in one.content.parts or ()]

    def text(self, choice: int = 0, *, thought: bool = False) -> str:
        """Return the text of a candidate, or its thoughts."""
        return "".join(part.text for part in self.parts(choice) if part.text and bool(part.thought) == thought)

    def calls(self, choice: int = 0) -> list[tuple[str | None, str | None, Any]]:
        """Return the id, the name and the arguments of each call of a candidate."""
        calls = [part.function_call for part in self.parts(choice) if part.function_call]
        return [(call.id, call.name, call.args) for call in calls]

    def reasons(self) -> dict[int | None, str]:
        """Return the finish reasons, by candidate."""
        candidates = [one for chunk in self.chunks for one in chunk.candidates or ()]
        return {one.index: one.finish_reason.value for one in candidates if one.finish_reason}

    @property
    def usage(self) -> types.GenerateContentResponseUsageMetadata | None:
        return self.chunks[-1].usage_metadata if self.chunks else None


class Reader:
    """A client of the SDK, and a server that answers with the stream to read."""

    def __init__(self, port: int) -> None:
        self.body = b""
        self.url = f"http://127.0.0.1:{port}"
        options = types.HttpOptions(base_url=self.url)
        self._client = google.genai.Client(api_key="none", http_options=options)

    def read(self, body: bytes) -> Answer:
        """Return what the SDK makes of a stream."""
        self.body = body
        answer = Answer()
        try:
            answer.chunks.extend(self._client.models.generate_content_stream(model="a-model", contents="Hello"))
        except google.genai.errors.APIError as error:
            answer.error = error
        return answer

    def history_of(self, body: bytes) -> list[types.Content]:
        """Return what a chat of the SDK sends back with the next question, after an answer with this stream."""
        self.body = body
        chat = self._client.chats.create(model="a-model")
        list(chat.send_message_stream("Hello"))
        return chat.get_history(curated=True)


@contextmanager
def genai_reader() -> Iterator[Reader]:
    """Yield a reader; its server ends with the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            self.send_header("content-type", "text/event-stream")
            self.end_headers()
            self.wfile.write(reader.body)

        def log_message(self, *arguments: Any) -> None:
            """Keep the output of the tests clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    with serving(server):
        reader = Reader(server.server_port)
        yield reader
