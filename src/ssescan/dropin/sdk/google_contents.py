"""The contents to which google-genai, up to version 2.10, appends the content of each response of a stream.

The SDK needs them only if a function is called. For each response it examines all contents so far, and copies the list:
in a stream of 4000 events, that takes longer than all else. Here, contents that are known are not examined again.

Relies on the fingerprints in `known_versions.py`. Does not patch.
"""

from collections.abc import Callable
from typing import Any


class KnownContents(list[Any]):
    """Contents that the SDK's function would only copy. No list of the program is one, so this one may grow."""


def appender(original: Callable[[Any, Any], Any], content_class: type) -> Callable[[Any, Any], Any]:
    """Return the function that replaces `append_chunk_contents` of the SDK."""

    def append_chunk_contents(contents: Any, chunk: Any) -> Any:
        if type(contents) is KnownContents and chunk is not None and chunk.candidates:
            content = chunk.candidates[0].content
            if isinstance(content, content_class):
                contents.append(content)
                return contents
        made = original(contents, chunk)
        if type(made) is list and made is not contents and all(isinstance(item, content_class) for item in made):
            return KnownContents(made)
        return made

    return append_chunk_contents
