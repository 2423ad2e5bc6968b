"""The examples of docs/client.md run, with another URL."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .clients import httpx_leaves_generators

if TYPE_CHECKING:
    from .server import EventServer

PAGE = Path(__file__).resolve().parents[2] / "docs" / "client.md"
EXAMPLES = (
    re.findall(r"^```python\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL) if PAGE.is_file() else []
)


@pytest.mark.skipif(not EXAMPLES, reason="no docs: the tests run outside of the checkout")
def test_page_has_examples() -> None:
    assert len(EXAMPLES) >= 6


@httpx_leaves_generators
@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_examples_run(example: str, server: EventServer, capsys: pytest.CaptureFixture[str]) -> None:
    endpoint = server.endpoint(server.offers(b"retry: 1\nid: 7\ndata: hello\n\n"), server.no_content())
    assert "https://example.com/events" in example
    exec(compile(example.replace("https://example.com/events", endpoint.url), str(PAGE), "exec"), {})
    assert "hello" in capsys.readouterr().out
    assert len(endpoint.requests) == (1 if "connect(" in example else 2)
