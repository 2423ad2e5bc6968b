"""Properties of the SDKs' classes, and conversions that msgspec cannot do while it decodes.

Mixins for the generated classes: `tools/wire_tables.py` says which class has which. A value that does not fit the type
of its field is kept as sent, so every value is checked before use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..wire_streams import built
from .base import WireObject

if TYPE_CHECKING:
    from .gemini import Candidate, Citation, FunctionCall, Part
    from .openai_responses import ResponseOutputItem

__all__ = ["CallMethods", "CitationMetadataMethods", "GeminiMethods", "ResponseMethods"]

SERVER_CALLS = {
    "code_execution_call",
    "google_maps_call",
    "google_search_call",
    "retrieval_call",
    "tool_search_call",
    "url_context_call",
}
"""The types of steps whose arguments are an object in the SDK; for functions and MCP servers they are a dict."""


class ResponseMethods:
    """For Response of the Responses API."""

    if TYPE_CHECKING:
        output: list[ResponseOutputItem] | None
    else:
        __slots__ = ()

    @property
    def output_text(self) -> str:
        """The text of all messages in `output`."""
        items = self.output if isinstance(self.output, list) else ()
        messages = [item for item in items if isinstance(item, WireObject) and item.type == "message"]
        parts = [part for item in messages if isinstance(item.content, list) for part in item.content]
        texts = [part.text for part in parts if isinstance(part, WireObject) and part.type == "output_text"]
        return "".join(text for text in texts if isinstance(text, str))


class GeminiMethods:
    """For GenerateContentResponse of Gemini."""

    if TYPE_CHECKING:
        candidates: list[Candidate] | None
    else:
        __slots__ = ()

    @property
    def parts(self) -> list[Part] | None:
        """The parts of the first candidate."""
        first = self.candidates[0] if isinstance(self.candidates, list) and self.candidates else None
        content = first.content if isinstance(first, WireObject) else None
        parts = content.parts if isinstance(content, WireObject) else None
        return [part for part in parts if isinstance(part, WireObject)] if isinstance(parts, list) else None

    @property
    def text(self) -> str | None:
        """The text of the first candidate, without thoughts; None if there is no part of text."""
        texts = [part.text for part in self.parts or () if isinstance(part.text, str) and part.thought is not True]
        return "".join(texts) if texts else None

    @property
    def function_calls(self) -> list[FunctionCall] | None:
        """The calls of the first candidate; None if there are none."""
        return [part.function_call for part in self.parts or () if part.function_call is not None] or None

    @property
    def executable_code(self) -> str | None:
        """The code in the first candidate, to be run by the server."""
        codes = (part.executable_code for part in self.parts or ())
        return next((code.code for code in codes if isinstance(code, WireObject)), None)

    @property
    def code_execution_result(self) -> str | None:
        """The output of the code in the first candidate."""
        results = (part.code_execution_result for part in self.parts or ())
        return next((result.output for result in results if isinstance(result, WireObject)), None)


class CitationMetadataMethods:
    """For CitationMetadata of Gemini."""

    if TYPE_CHECKING:
        citations: list[Citation] | None
        citation_sources: list[Citation] | None
    else:
        __slots__ = ()

    def __post_init__(self) -> None:
        # The Gemini API says citationSources where Vertex AI and the SDK say citations.
        if self.citations is None:
            self.citations = self.citation_sources


class CallMethods:
    """For Step and StepDeltaData of the Interactions API."""

    if TYPE_CHECKING:
        arguments: Any
        type: str | None
    else:
        __slots__ = ()

    def __post_init__(self) -> None:
        # The type of `arguments` depends on `type`, in another field.
        if isinstance(self.arguments, dict) and isinstance(self.type, str) and self.type in SERVER_CALLS:
            from .gemini_interactions import CallArguments

            self.arguments = built(self.arguments, CallArguments)
