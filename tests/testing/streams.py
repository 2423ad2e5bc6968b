"""The streams of the package, one of each format that Transcoder writes, and tapes of them."""

from __future__ import annotations

import base64
import json
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

APIS = ("openai-chat", "openai-responses", "anthropic", "gemini")
READ = (*APIS, "gemini-interactions")
INTERACTION: tuple[tuple[str, dict[str, Any]], ...] = (
    ("interaction.created", {"interaction": {"id": "i", "model": "m", "status": "in_progress"}}),
    ("step.start", {"index": 0, "step": {"type": "model_output"}}),
    ("step.delta", {"index": 0, "delta": {"type": "text", "text": "Low tide is "}}),
    ("step.delta", {"index": 0, "delta": {"type": "text", "text": "at 6: 満潮."}}),
    ("step.stop", {"index": 0}),
    ("step.start", {"index": 1, "step": {"type": "function_call", "id": "c1", "name": "tide", "arguments": {"h": 6}}}),
    ("step.stop", {"index": 1}),
    (
        "interaction.completed",
        {
            "interaction": {
                "id": "i",
                "model": "m",
                "status": "requires_action",
                "usage": {"total_input_tokens": 9, "total_output_tokens": 21},
            }
        },
    ),
)
EVENT_STREAM = {"content-type": "text/event-stream"}


def stream_of(api: str) -> bytes:
    """Return the stream of the demo in a format; the demo has none of Interactions."""
    if api == "gemini-interactions":
        events = [(name, json.dumps({"event_type": name} | fields)) for name, fields in INTERACTION]
        return "".join(f"event: {name}\ndata: {data}\n\n" for name, data in events).encode()
    return files("ssescan.cli").joinpath("streams", f"{api}.sse").read_bytes()


def pieces_of(data: bytes, size: int) -> list[bytes]:
    """Return the data in pieces of one size, which events do not respect."""
    return [data[at : at + size] for at in range(0, len(data), size)]


def tape_lines(chunks: list[bytes], *, status: int = 200, end: str | None = "ended", **head: Any) -> bytes:
    """Return the bytes of a tape, a chunk each millisecond. `end`: its outcome, None for a recorder that was killed."""
    lines: list[Any] = [{"ssescan_tape": 1, "response": {"status": status, "headers": EVENT_STREAM}} | head]
    for number, chunk in enumerate(chunks, 1):
        lines.append({"ns": number * 1_000_000, "data": base64.b64encode(chunk).decode()})
    if end is not None:
        lines.append({"ns": (len(chunks) + 1) * 1_000_000, "outcome": end})
    return b"".join(json.dumps(line, separators=(",", ":")).encode() + b"\n" for line in lines)


def tape_file(folder: Path, chunks: list[bytes], **how: Any) -> Path:
    """Write a tape to a folder."""
    path = folder / "recorded.tape"
    path.write_bytes(tape_lines(chunks, **how))
    return path
