"""The 29 streams of WIRE.md and the sample streams: the parts of each, in every cut."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from ssescan.providers import stream

from .assertions import aread, read

if TYPE_CHECKING:
    from pathlib import Path

STREAMS = [
    *(f"anthropic-{name}" for name in (
        "1-text", "2-thinking-tools", "3-websearch-citation", "4-overloaded", "5-maxtokens-cut-json", "6-refusal",
    )),
    *(f"gemini-{name}" for name in (
        "1-thought-text", "2-parallel-calls", "3-partial-args", "4-two-candidates-safety", "5-unframed-error",
        "6-prompt-blocked", "7-code-grounding",
    )),
    *(f"interactions-{name}" for name in ("1-text", "2-function", "3-error")),
    *(f"openai-chat-{name}" for name in (
        "1-text-usage", "2-parallel-tools", "3-n2-logprobs", "4-refusal", "5-error-midstream",
    )),
    *(f"openai-dialect-{name}" for name in (
        "1-openrouter-reasoning-error", "2-gemini-compat-tools", "3-azure-deepseek-medley",
    )),
    *(f"openai-resp-{name}" for name in (
        "1-reasoning-text", "2-tools", "3-websearch-citation", "4-incomplete", "5-error-then-failed",
    )),
]  # fmt: skip

# The fields that the expectations leave out: the oracle that wrote them keeps less (WIRE.md 9.5 item 7).
LEFT_OUT = {"Ping": {"text"}, "ServerToolResult": {"data"}, "Usage": {"raw"}, "Error": {"raw"}, "Logprobs": {"entries"}}


def api_of(name: str) -> Any:
    kind = name.partition("-")[0]
    if kind == "openai":
        return "openai-responses" if name.startswith("openai-resp") else "openai-chat"
    return "gemini-interactions" if kind == "interactions" else kind


def expectations(shared: Path, name: str) -> list[str]:
    _, _, after = (shared / "wire" / "expected_events.txt").read_text(encoding="utf-8").partition(f"## {name}.sse\n")
    return [line.strip() for line in after.partition("\n## ")[0].splitlines() if line.strip()]


def fields(line: str) -> dict[str, Any]:
    """Parse `Kind name=value name=value`. A shortened value becomes a Beginning."""
    _, _, rest = line.partition(" ")
    found: dict[str, Any] = {}
    decoder = json.JSONDecoder()
    while rest := rest.strip():
        name, _, rest = rest.partition("=")
        try:
            found[name], end = decoder.raw_decode(rest)
            rest = rest[end:]
        except ValueError:
            found[name], rest = Beginning(rest), ""
    return found


class Beginning(str):
    """The start of a value, as JSON."""

    __slots__ = ()


def agrees(name: str, expected: Any, value: Any) -> bool:
    if name == "items" and expected == ["groundingMetadata"]:  # the expectation has only the keys
        return bool([key for item in value for key in item if key != "unit"] == expected)
    if isinstance(expected, Beginning):
        return json.dumps(value).startswith(str(expected))
    return bool(value == expected)


@pytest.mark.parametrize("name", STREAMS)
@pytest.mark.parametrize("named", [False, True])
def test_specification_streams(shared: Path, name: str, named: bool) -> None:
    body = (shared / "wire" / f"{name}.sse").read_bytes()
    parts, _, given = read(body, api_of(name) if named else None)
    assert given.api == api_of(name)
    expected = expectations(shared, name)
    assert [part.type for part in parts] == [line.partition(" ")[0] for line in expected]
    for part, line in zip(parts, expected, strict=True):
        said = fields(line)
        if "n" in said:
            assert len(part.entries) == said.pop("n")  # type: ignore[attr-defined]
        for field in part.__struct_fields__:
            value = getattr(part, field)
            if field in said:
                assert agrees(field, said[field], value), (line, field, value)
            elif field not in LEFT_OUT.get(part.type, ()):
                assert value in (None, False, 0, "text") or (field, value) == ("json", ""), (line, field, value)


@pytest.mark.parametrize("name", STREAMS)
def test_specification_streams_in_every_cut(shared: Path, name: str) -> None:
    body = (shared / "wire" / f"{name}.sse").read_bytes()
    parts, message, _ = read(body)
    for cut in range(1, len(body)):
        assert list(stream([body[:cut], body[cut:]], strict=False)) == parts, cut
    assert read([body[at : at + 1] for at in range(len(body))])[0] == parts
    again, said, _ = aread([body[at : at + 7] for at in range(0, len(body), 7)])
    assert (again, said) == (parts, message)


CLAM = "How does a clam call home?\nOn its shell phone."
KETTLE = "Why did the kettle take a bow?\nIt had just brewed up a storm. 🫖"
KEEPER = (
    "The lighthouse keeper told a long joke. It went over everybody's head. "
    "He is still waiting for the laugh to come back."
)
SAMPLES = {
    "openai": ("openai-chat", CLAM, "stop", None),
    "openai-no-blank-lines": ("openai-chat", CLAM, "stop", None),
    "anthropic": ("anthropic", KETTLE, "stop", None),
    "anthropic-no-blank-lines": ("anthropic", KETTLE, "stop", None),
    "gemini": ("gemini", KEEPER, None, 30),
    "gemini-crlf": ("gemini", KEEPER, None, 30),
    "gemini-no-blank-lines": ("gemini", KEEPER, None, 30),
}


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("named", [False, True])
def test_sample_streams_in_every_cut(shared: Path, name: str, named: bool) -> None:
    body = (shared / "samples" / f"{name}.sse").read_bytes()
    api, text, finish, total = SAMPLES[name]
    for cut in range(len(body) + 1):
        message = stream([body[:cut], body[cut:]], api if named else None).collect()  # type: ignore[arg-type]
        assert (message.text, message.finish_reason, message.complete) == (text, finish, True), cut
        assert (message.usage.total if message.usage else None) == total


@pytest.mark.parametrize("name", ["gemini", "gemini-crlf", "gemini-no-blank-lines"])
def test_stream_without_end_mark_needs_a_complete_last_line(shared: Path, name: str) -> None:
    body = (shared / "samples" / f"{name}.sse").read_bytes().rstrip(b"\r\n")
    for cut in (0, 1, 30):
        assert not read(body[: len(body) - cut])[1].complete
    assert read(body + b"\n")[1].complete
