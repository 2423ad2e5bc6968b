"""The web pages that citations name, whichever provider's shape they have, for writers of other formats."""

from __future__ import annotations

from typing import Any, NamedTuple

from .json_values import dict_of, list_of

WEB_FIELDS = {"type", "unit", "url", "uri", "title"}
"""The fields of a citation that a WebSource has."""


class WebSource(NamedTuple):
    """A web page, and its title if it has one."""

    url: str
    title: str | None


def web_sources(item: dict[str, Any]) -> list[WebSource]:
    """Return the web pages that a citation names: one, several for Gemini's grounding, none for a file or a page."""
    if "groundingMetadata" in item:
        chunks = list_of(dict_of(item["groundingMetadata"]).get("groundingChunks"))
        return [source for chunk in chunks if (source := _source(dict_of(dict_of(chunk).get("web"))))]
    source = _source(item) or _source(dict_of(item.get("url_citation")))  # OpenAI Chat nests it
    return [source] if source else []


def has_more(item: dict[str, Any]) -> bool:
    """Return whether a citation has more than its web pages: offsets, the text that is cited."""
    return not item.keys() <= WEB_FIELDS


def _source(value: dict[str, Any]) -> WebSource | None:
    url, title = value.get("url", value.get("uri")), value.get("title")
    if not isinstance(url, str) or not url:
        return None
    return WebSource(url, title if isinstance(title, str) and title else None)
