"""The values in Gemini's events: parts of the content, citations, usage, words for the end. They know no stream.

Each function returns None for what Gemini has no place for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from ..base64_text import decoded_base64
from ..finish_reasons import reason_of
from ..json_bytes import encode_text, encode_value
from ..json_values import dict_of, list_of, plain_number, without_unit

if TYPE_CHECKING:
    from ..parts import Finish, Media, ServerToolResult, ToolCallEnd, Usage
    from ..written_calls import WrittenCall
    from ..written_citations import WebSource

FINISH_REASONS = {
    "stop": "STOP", "length": "MAX_TOKENS", "tool_calls": "STOP", "content_filter": "SAFETY", "refusal": "SAFETY",
    "pause": "STOP", "other": "OTHER",
}  # fmt: skip
OWN_WORDS = frozenset((
    "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT",
    "IMAGE_RECITATION", "MODEL_ARMOR", "NO_IMAGE", "IMAGE_OTHER",
))  # fmt: skip
"""Words that say more than those of FINISH_REASONS; they stay if they came."""

CODE_EXECUTION = "code_execution"
TOOL_TYPES = frozenset((
    "GOOGLE_SEARCH_WEB", "GOOGLE_SEARCH_IMAGE", "URL_CONTEXT", "GOOGLE_MAPS", "FILE_SEARCH", "MEDIA_PROCESSING",
))  # fmt: skip
OWN_TOOLS = TOOL_TYPES | {CODE_EXECUTION}
CITATION_FIELDS = ("startIndex", "endIndex", "uri", "title", "license", "publicationDate")
OTHER_MEDIA = "application/octet-stream"


class GeminiCall:
    """A call that is not written yet. `part`: None until its end came."""

    __slots__ = ("part", "signature")

    def __init__(self) -> None:
        self.part: bytes | None = None
        self.signature: str = ""


def function_part(call: WrittenCall, arguments: bytes) -> bytes:
    """Return the part of a call. `arguments`: a JSON object, which stays as it is spelled."""
    return b'{"functionCall":{"id":%b,"name":%b,"args":%b}}' % (
        encode_text(call.id), encode_text(call.name), arguments,
    )  # fmt: skip


def server_part(part: ToolCallEnd, arguments: bytes) -> bytes | None:
    """Return the part of a call of one of Gemini's own tools."""
    id = {"id": part.id} if part.id else {}
    if part.name in TOOL_TYPES:
        return encode_value({"toolCall": id | {"toolType": part.name, "args": msgspec.Raw(arguments)}})
    asked = msgspec.json.decode(arguments)
    code = {name: asked.get(name) for name in ("language", "code")}
    if part.name != CODE_EXECUTION or not all(isinstance(value, str) for value in code.values()):
        return None
    return encode_value({"executableCode": id | code})


def result_part(part: ServerToolResult) -> bytes | None:
    """Return the part of the result of one of Gemini's own tools."""
    if not isinstance(part.data, dict):
        return None
    id = {"id": part.id} if part.id else {}
    if part.name in TOOL_TYPES:
        return encode_value({"toolResponse": id | {"toolType": part.name, "response": part.data}})
    result = {name: part.data[name] for name in ("outcome", "output") if isinstance(part.data.get(name), str)}
    if part.name != CODE_EXECUTION or "outcome" not in result:
        return None
    return encode_value({"codeExecutionResult": id | result})


def media_part(part: Media) -> bytes | None:
    """Return the part of an image, a sound or a video. None for a preview, and for data that is not base64."""
    mime = part.media or OTHER_MEDIA
    if part.url and not part.data:
        return encode_value({"fileData": {"mimeType": mime, "fileUri": part.url}})
    if part.partial or decoded_base64(part.data or "") is None:
        return None
    return b'{"inlineData":{"mimeType":%b,"data":%b}}' % (encode_text(mime), encode_text(part.data or ""))


def own_citation(item: dict[str, Any]) -> dict[str, Any] | None:
    """Return the fields of a candidate for a citation that came from Gemini."""
    if "groundingMetadata" in item:
        return {"groundingMetadata": dict_of(item["groundingMetadata"])}
    citation = without_unit(item)
    if "uri" in citation and citation.keys() <= set(CITATION_FIELDS):
        return {"citationMetadata": {"citations": [citation]}}
    return None


def grounding_chunk(source: WebSource) -> dict[str, Any]:
    """Return a web page as Gemini's grounding has it."""
    return {"web": {"uri": source.url} | ({"title": source.title} if source.title else {})}


def logprobs_result(entries: list[Any]) -> dict[str, Any] | None:
    """Return the log probabilities in Gemini's shape, from its own or from OpenAI's."""
    chosen = [_token(entry) for entry in entries]
    if not chosen or None in chosen:
        return None
    tops = [list_of(entry.get("topCandidates", entry.get("top_logprobs"))) for entry in entries]
    top = [[token for one in of if (token := _token(one))] for of in tops]
    result: dict[str, Any] = {"chosenCandidates": chosen}
    return result | ({"topCandidates": [{"candidates": of} for of in top]} if any(top) else {})


def _token(entry: Any) -> dict[str, Any] | None:
    value = dict_of(entry)
    token, probability = value.get("token"), value.get("logProbability", value.get("logprob"))
    if not isinstance(token, str) or not isinstance(probability, (int, float)):
        return None
    number = plain_number(value.get("tokenId"))
    return {"token": token, "logProbability": probability} | ({} if number is None else {"tokenId": number})


def usage_metadata(usage: Usage) -> tuple[dict[str, Any], bool]:
    """Return a usage as Gemini counts, and whether it says everything: it does not count what a cache was given."""
    output, reasoning = usage.output or 0, usage.reasoning
    made = {
        "promptTokenCount": usage.input or 0,
        "candidatesTokenCount": max(output - (reasoning or 0), 0),
        "totalTokenCount": (usage.input or 0) + output if usage.total is None else usage.total,
    }
    if reasoning is not None:
        made["thoughtsTokenCount"] = reasoning
    if usage.cache_read is not None:
        made["cachedContentTokenCount"] = usage.cache_read
    return made, not usage.cache_write and (reasoning or 0) <= output


def own_word(finish: Finish) -> str | None:
    """Return the word that came, if it is one of Gemini's that says more than the usual one."""
    return finish.raw if finish.raw in OWN_WORDS and reason_of(finish.raw) == finish.reason else None
