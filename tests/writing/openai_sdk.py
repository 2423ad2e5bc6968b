"""The official SDK's helper `responses.stream()`, reading bytes that a writer made: the judge of "openai-responses"."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import httpx2
import openai
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

if TYPE_CHECKING:
    from .grammar.frames import Frame

STRICT: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)


class _Server:
    """Answers every request with `body`."""

    body = b""

    def __call__(self, request: Any) -> httpx2.Response:
        return httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=self.body)


SERVER = _Server()


@cache
def _client() -> openai.OpenAI:
    http: Any = httpx2.Client(transport=httpx2.MockTransport(SERVER))
    return openai.OpenAI(api_key="none", http_client=http, max_retries=0)


def assembled(data: bytes) -> tuple[Response, dict[str, str], list[Any]]:
    """Return the last response that the helper knows, what it accumulated from deltas, and the events that it gave.

    What it accumulated: the text and the arguments, by the id of their item. RuntimeError if the helper refuses.
    """
    SERVER.body = data
    snapshots: dict[str, str] = {}
    with _client().responses.stream(model="m", input="i") as stream:
        events: list[Any] = list(stream)
        for event in events:
            if event.type in ("response.output_text.delta", "response.function_call_arguments.delta"):
                key = f"{event.item_id} {getattr(event, 'content_index', 0)}"
                snapshots[key] = event.snapshot
    response = events[-1].response
    if response.status == "completed":
        assert stream.get_final_response() is response
    return response, snapshots, events


def output_of(response: Response) -> list[dict[str, Any]]:
    """Return the output of a response as JSON, without what the helper parsed for the program."""
    dumped: Any = response.model_dump(mode="json", exclude_unset=True, by_alias=True)
    items: list[dict[str, Any]] = dumped["output"]
    for value in [*items, *(part for item in items for part in item.get("content") or ())]:
        value.pop("parsed", None)
        value.pop("parsed_arguments", None)
    return items


def validate(frames: list[Frame]) -> None:
    """Check every event by the SDK's own model, strictly: the SDK itself builds its objects without a check."""
    for frame in frames:
        if frame.comment:
            continue
        payload = dict(frame.data)
        error = payload.get("response", {}).get("error")
        if error is not None:  # a provider's own code may stand where OpenAI has a list
            payload["response"] = payload["response"] | {"error": error | {"code": "server_error"}}
        STRICT.validate_python(payload)
