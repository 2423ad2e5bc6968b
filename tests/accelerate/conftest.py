"""The recorded streams for the tests of accelerate()."""

from __future__ import annotations

import json
import logging
import sys
from typing import TYPE_CHECKING, Any

import pytest

import ssescan

from .patched_places import are_identical, attributes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# The SDK that reads each format.
SDK_OF = {
    "openai-chat": "openai-chat",
    "openai-responses": "openai-responses",
    "anthropic": "anthropic",
    "gemini": "gemini",
    "gemini-interactions": "interactions",
}


@pytest.fixture(scope="session")
def bodies(shared: Path) -> list[tuple[str, str, bytes]]:
    """The recorded bodies that one of the SDKs reads: the name of the SDK, the file, the body."""
    manifest = json.loads((shared / "corpus" / "manifest.json").read_text(encoding="utf-8"))["files"]
    return [
        (SDK_OF[entry["wire"]], entry["file"], (shared / "corpus" / entry["file"]).read_bytes())
        for entry in manifest
        if entry["wire"] in SDK_OF
    ]


@pytest.fixture(scope="session")
def payloads(bodies: list[tuple[str, str, bytes]]) -> dict[str, list[tuple[str, Any]]]:
    """Events of the recorded bodies, by SDK: name and JSON, one of each shape and size."""
    found: dict[str, dict[Any, tuple[str, Any]]] = {}
    for sdk, _, body in bodies:
        for event in ssescan.iter_events(body):
            try:
                value = event.json()
            except ValueError:
                continue
            if isinstance(value, dict) and len(event.data) < 6000:
                shape = (event.event, tuple(sorted(value)), len(event.data) // 40)
                found.setdefault(sdk, {}).setdefault(shape, (event.event, value))
    return {sdk: list(events.values()) for sdk, events in found.items()}


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Silence the logs and warnings of the SDKs about unknown values."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def restored() -> Iterator[None]:
    """Check that a test leaves the libraries and the finders as they were."""
    before = attributes()
    finders = list(sys.meta_path)
    yield
    assert are_identical(before, attributes())
    assert sys.meta_path == finders
