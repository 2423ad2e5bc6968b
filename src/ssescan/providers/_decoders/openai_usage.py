"""The usage of OpenAI's two formats, and of servers that use the names of the other one, or of Anthropic."""

from __future__ import annotations

from typing import Any

from ..json_values import dict_of, plain_number
from ..parts import Usage


def openai_usage(usage: dict[str, Any]) -> Usage:
    """Return a usage in neutral terms. The input includes the tokens of a cache, whatever their names are."""
    of_input = dict_of(usage.get("prompt_tokens_details") or usage.get("input_tokens_details"))
    of_output = dict_of(usage.get("completion_tokens_details") or usage.get("output_tokens_details"))
    input = _first([usage], "prompt_tokens", "input_tokens")
    output = _first([usage], "completion_tokens", "output_tokens")
    total = _first([usage], "total_tokens")
    read = _first([of_input, usage], "cached_tokens", "cache_read_input_tokens", "prompt_cache_hit_tokens")
    write = _first([of_input, usage], "cache_write_tokens", "cache_creation_input_tokens")
    reasoning = _first([of_output, usage], "reasoning_tokens")
    # xAI counts reasoning beside the output, all others within it.
    if reasoning and total is not None and total == (input or 0) + (output or 0) + reasoning:
        output = (output or 0) + reasoning
    return Usage(
        input=input, output=output, reasoning=reasoning, cache_read=read, cache_write=write, total=total, raw=usage
    )


def _first(places: list[dict[str, Any]], *names: str) -> int | None:
    """Return the first count that is not zero; else the first that is there."""
    # A loop: some servers send a usage in every chunk.
    found: int | None = None
    for place in places:
        for name in names:
            count = plain_number(place.get(name))
            if count:
                return count
            if found is None:
                found = count
    return found
