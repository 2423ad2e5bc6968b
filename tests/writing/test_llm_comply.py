"""Let llm-comply, a checker of servers, judge everything that a Transcoder writes. `make test-comply` runs this file.

Its tests of streams ask a server on the loopback, which answers with a recorded stream in another format.
"""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ssescan.providers import Finish, TextDelta, Usage

from .formats import FIXED, bodies, transcoded, written

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from ssescan.providers import Message, Part

comply: Any = pytest.importorskip("llm_comply", reason="llm-comply has an environment of its own: `make test-comply`")

pytestmark = pytest.mark.filterwarnings("ignore:jsonschema.RefResolver is deprecated:DeprecationWarning")  # of its own

# The names of the formats in llm-comply, and the file of the schemas that its tests use.
FORMATS = {
    "openai-chat": ("openai-chat", None),
    "openai-responses": ("open-responses", "openresponses.json"),
    "anthropic": ("anthropic", None),
    "gemini": ("google-genai", None),
}
# What a server of Responses knows from the request; Open Responses requires all of it.
REQUEST = {
    "temperature": 1.0, "top_p": 1.0, "presence_penalty": 0.0, "frequency_penalty": 0.0, "top_logprobs": 0,
    "store": False, "service_tier": "default", "safety_identifier": None, "prompt_cache_key": None, "completed_at": None,
}  # fmt: skip
# Open Responses, whose schemas llm-comply has, does not have these events and items of OpenAI's Responses.
UNKNOWN_TO_OPEN_RESPONSES = ["response.reasoning_text.", "response.reasoning_summary_text.", "image_generation_call"]
OPTIONS: dict[str, dict[str, Any]] = {"openai-chat": {"include_usage": True}, "openai-responses": {"envelope": REQUEST}}


class Handler(BaseHTTPRequestHandler):
    """Answers each POST with the body of the server."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        body: bytes = self.server.body  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Log nothing."""


@pytest.fixture
def server() -> Iterator[Any]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as serving:
        serving.daemon_threads = True
        threading.Thread(target=serving.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield serving
        serving.shutdown()


def new_judge(to: str, url: str) -> Callable[[Collection[str]], list[str]]:
    """Return a function that runs llm-comply's tests of streams, those with the given words in their names."""
    from llm_comply.config import ComplianceConfig
    from llm_comply.runner import TestRunner
    from llm_comply.schema import SpecLoader
    from llm_comply.tests import get_tests

    name, schemas = FORMATS[to]
    loader = SpecLoader(str(Path(comply.__file__).parent / "specs" / schemas) if schemas else None)
    config = ComplianceConfig(base_url=f"{url}/v1", api_key="none", ignore_errors=UNKNOWN_TO_OPEN_RESPONSES)
    runner = TestRunner(config, [], loader)
    tests = [test for test in get_tests(name) if test.streaming]
    assert {test.id.rpartition("-")[2] for test in tests} == {"response", "usage"}

    def judge(words: Collection[str]) -> list[str]:
        results = [runner.run_one(test) for test in tests if test.id.endswith(tuple(words))]
        return [complaint for result in results for complaint in (*result.errors, *result.warnings)]

    return judge


def applicable(message: Message, to: str) -> list[str]:
    """Return which tests suit an answer: one wants text (of Responses, to its natural end), the other the usage."""
    has_text = message.text and (to != "openai-responses" or message.finish_reason not in ("length", "content_filter"))
    return ["response"] * bool(has_text) + ["usage"] * (message.usage is not None)


@pytest.mark.parametrize("to", FORMATS)
def test_llm_comply_accepts_every_recorded_stream(shared: Path, server: Any, to: str) -> None:
    judge = new_judge(to, f"http://127.0.0.1:{server.server_port}")
    complaints, judged = [], 0
    for file, data, message in bodies(shared):
        if message.complete and message.api != to:
            server.body = transcoded(to, [data], **FIXED, **OPTIONS.get(to, {}))[0]
            words = applicable(message, to)
            judged += bool(words)
            complaints += [(file, complaint) for complaint in judge(words)]
    assert complaints == []
    assert judged > 120


@pytest.mark.parametrize("to", FORMATS)
def test_llm_comply_complains_of_a_cut_stream(server: Any, to: str) -> None:
    judge = new_judge(to, f"http://127.0.0.1:{server.server_port}")
    parts: list[Part] = [TextDelta(text="Hello"), Usage(input=1, output=1), Finish(reason="stop")]
    server.body = written(to, parts, **OPTIONS.get(to, {}))[0]
    assert judge(["response", "usage"]) == []
    server.body = written(to, parts[:1], **OPTIONS.get(to, {}))[0]
    assert judge(["response"])
