"""Every example of these pages runs as it stands, in a process of its own, against a server on this machine."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cli.tools import GUARD, Server, environment

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCS = Path(__file__).parents[2] / "docs"
pytestmark = pytest.mark.skipif(
    not DOCS.is_dir(), reason="the docs are not here: the tests run apart from the checkout"
)
# The pages, and of each example some of what it prints; "..." for one that is no whole program.
PRINTED = {
    "README.md": [""],
    "openai.md": [r"\w+", r"\{'openai': 'openai \S+ is accelerated'\}\n\{'openai': 0\}"],
    "anthropic.md": [r"\w+", r"\{'anthropic': 'anthropic \S+ is accelerated'\}\n\{'anthropic': 0\}"],
    "google-genai.md": [r"\w+", r"\{'google-genai': 'google-genai \S+ is accelerated'\}\n\{'google-genai': 0\}"],
    "httpx2.md": [r"message a\nx b\n", r"\{'httpx2': 'httpx2 \S+ is accelerated'\}\n\{'httpx2': 0\}"],
    "by-hand.md": ["...", r"message a\nx b\nended\n", r"Hello\nworld\n", r"\w+[^\n]*\n?.*stop Usage\("],
}
EXAMPLE = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def examples(page: str) -> list[str]:
    return EXAMPLE.findall((DOCS / page).read_text(encoding="utf-8"))


@pytest.fixture
def url() -> Iterator[str]:
    """Serve what the examples ask for; the URL of the server."""
    streams = files("ssescan.cli").joinpath("streams")
    with Server() as server:
        chat, messages, gemini = (
            streams.joinpath(f"{name}.sse").read_bytes() for name in ("openai-chat", "anthropic", "gemini")
        )
        server.answers_with(chat, path="/v1/chat/completions")
        server.answers_with(messages, path="/v1/messages")
        server.answers_with(gemini, path="/v1beta/models/gemini-3-flash:streamGenerateContent")
        server.answers_with(gemini, path="/v1/models/gemini-3-flash:streamGenerateContent")
        server.answers_with(b": ping\n\ndata: a\n\nevent: x\ndata: b\n\n", path="/events")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_all_examples_are_known() -> None:
    assert {page: len(examples(page)) for page in PRINTED} == {page: len(known) for page, known in PRINTED.items()}


@pytest.mark.parametrize(
    ("page", "number"), [(page, number) for page, known in PRINTED.items() for number in range(len(known))]
)
def test_an_example_runs(page: str, number: int, url: str) -> None:
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
        [sys.executable, "-c", text.replace("https://example.com", url)],
        capture_output=True,
        env=environment(**changes),
        timeout=GUARD,
        check=False,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert re.match(printed, done.stdout, re.DOTALL)


@pytest.mark.parametrize("page", sorted(path.name for path in DOCS.glob("*.md")))
def test_every_link_between_the_pages_leads_somewhere(page: str) -> None:
    text = (DOCS / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", text):
        assert (DOCS / target).exists(), target
