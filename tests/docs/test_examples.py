"""Every example of the docs runs unchanged, in its own process, against a server on this machine."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cli.processes import GUARD, Answer, Server, environment, serving

from ssescan import transcode

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCS = Path(__file__).parents[2] / "docs"
pytestmark = pytest.mark.skipif(not DOCS.is_dir(), reason="the docs are missing: the tests run outside of the checkout")
STREAMS = files("ssescan.cli").joinpath("streams")
CHAT = STREAMS.joinpath("openai-chat.sse").read_text(encoding="utf-8")
TRANSLATED = b"".join(transcode([CHAT.encode()], "anthropic")).decode()
# For each page and example, a pattern of its output; "..." for one that is not a complete program.
PRINTED = {
    "existing-sdk.md": [""],
    "../README.md": [r"\w.*stop Usage\(", r"message \{.*\nended\n$", r"a\n a\n a\n$"],
    "openai.md": [r"\w+", r"\{'openai': 'openai \S+ is accelerated'\}\n\{'openai': 0\}"],
    "anthropic.md": [r"\w+", r"\{'anthropic': 'anthropic \S+ is accelerated'\}\n\{'anthropic': 0\}"],
    "google-genai.md": [r"\w+", r"\{'google-genai': 'google-genai \S+ is accelerated'\}\n\{'google-genai': 0\}"],
    "httpx2.md": [r"message a\nx b\n", r"\{'httpx2': 'httpx2 \S+ is accelerated'\}\n\{'httpx2': 0\}"],
    "by-hand.md": ["...", r"message a\nx b\nended\n", r"Hello\nworld\n", r"\w+[^\n]*\n?.*stop Usage\("],
    "frameworks.md": [""],
    "httpcore.md": [""],
    "httpx-sse.md": [""],
    "sseclient.md": [""],
    "other-clients.md": [
        r"message a\nmessage a\nmessage a\n$",
        r"message a\nx b\nended\n$",
        r"message a\nx b\nended\n$",
    ],
    "index.md": [r"\w.*\nstop Usage\(", r"message a\nx b\nended\n$", ""],
    "questions.md": [r"\w.*\nstop Usage\(", r"\['whole'\]\ncut\n$", r"(compiled|python)\n$"],
    "scanner.md": [
        r"greeting Hello 7\nmessage \{\"n\": 1\} 7\nFalse\n$",
        r"\[ServerSentEvent\(event='message', data='whole'.*\)\]\n8\n\[\] True\n$",
        r"comment ping\nunknown error: lost\nevent a\n$",
        r"20 106 \[ServerSentEvent\(.*data='small'.*\)\]\n\[ServerSentEvent\(.*data='again'.*\)\]\n$",
    ],
    "streams.md": [
        r"message a\nx b\nended \d+ 35\n$",
        r"message a\nx b\nended\n$",
        r"\[ServerSentEvent\(event='greeting', data='Hello'.*\)\]\nHello\n$",
        r"503 b'busy'\n$",
        r"a\nidle 1 failed\n$",
        r"a 1 True\nb 1 True\nc 2 True\n$",
    ],
    "providers.md": [
        r"\w.*\nopenai-chat stop True\n$",
        r"\w.*\n\w+ \d+\n$",
        r"\w.*\n$",
        r"\w.*\nfinish stop\n.*end True\n$",
        r"cut: Half an answer, and\nFalse\n$",
        r"c1 add 3\n$",
        r"\w.*True\n$",
    ],
    "replay.md": [r"Hello! openai-chat\n$"],
    "tapes.md": [r"message a\nx b\n$", r"\['a', 'b'\] None\n$"],
    "errors.md": [r"StreamCut '\w+"],
    "writing.md": [
        re.escape(TRANSLATED) + r"stop None \{\}\n$",
        r'data: \{.*reasoning_content.* again.*"name":"weather".*"finish_reason":"tool_calls".*\ndata: \[DONE\]\n\n$',
        re.escape(CHAT.replace("gpt-demo", "public-name")) + r"gpt-demo Usage\(.*\n$",
        r"200 \{'content-type': 'application/json'\} \{.*\"type\":\"message\".*\}\n$",
    ],
}
# These pages have their own tests.
ELSEWHERE = {
    "bulk.md": "tests/bulk",
    "client.md": "tests/client/test_docs.py",
    "recipes.md": "tests/docs/test_recipes.py",
    "servers.md": "tests/docs/test_servers.py",
}
HOSTS = re.compile(r"https://(?:example|api\.openai)\.com")
EXAMPLE = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def examples(page: str) -> list[str]:
    return EXAMPLE.findall((DOCS / page).read_text(encoding="utf-8"))


@pytest.fixture
def url() -> Iterator[str]:
    """Serve the streams that the examples request. Return the URL of the server."""
    server = Server()
    chat, messages, gemini = (
        STREAMS.joinpath(f"{name}.sse").read_bytes() for name in ("openai-chat", "anthropic", "gemini")
    )
    server.answers_with(chat, path="/v1/chat/completions")
    server.answers_with(messages, path="/v1/messages")
    server.answers_with(gemini, path="/v1beta/models/gemini-3-flash:streamGenerateContent")
    server.answers_with(gemini, path="/v1/models/gemini-3-flash:streamGenerateContent")
    server.answers_with(b": ping\n\ndata: a\n\nevent: x\ndata: b\n\n", path="/events")
    server.answers_with(b"busy", path="/error", status=503, content_type="text/plain")
    server.answers_with(chat[: len(chat) // 2], path="/v1/cut")
    # In the README, one connection, and then an EventSource, which reconnects until it gets a 204.
    requests = iter(range(3))

    def last() -> None:
        if next(requests) == 2:
            server.answers["/feed"] = Answer(status=204)

    server.answers_with(b"retry: 1\n\ndata: a\n\n", last, path="/feed")
    with serving(server) as base:
        yield base


def test_every_example_is_listed() -> None:
    pages = {path.name for path in DOCS.glob("*.md") if examples(path.name)} | {"../README.md"}
    assert pages == {*PRINTED, *ELSEWHERE}
    assert {page: len(examples(page)) for page in PRINTED} == {page: len(known) for page, known in PRINTED.items()}


@pytest.mark.parametrize(
    ("page", "number"), [(page, number) for page, known in PRINTED.items() for number in range(len(known))]
)
def test_example_runs(page: str, number: int, url: str, tmp_path: Path) -> None:
    text, printed = examples(page)[number], PRINTED[page][number]
    compile(text, page, "exec")
    if printed == "...":
        return
    changes = {
        "OPENAI_API_KEY": "none", "OPENAI_BASE_URL": f"{url}/v1",
        "ANTHROPIC_API_KEY": "none", "ANTHROPIC_BASE_URL": url,
        "GEMINI_API_KEY": "none", "GOOGLE_GEMINI_BASE_URL": url,
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", re.sub(HOSTS, url, text.replace("http://localhost:8000/events", f"{url}/feed"))],
        capture_output=True,
        env=environment(**changes),
        cwd=tmp_path,
        timeout=GUARD,
        check=False,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert re.match(printed, done.stdout, re.DOTALL)
