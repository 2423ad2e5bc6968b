"""The lines of a body, as older versions of google-genai read them."""

from collections.abc import AsyncIterator, Iterator


class BraceBuffer:
    """The SDK's buffer for the lines of a JSON text, which is complete when its braces balance, also those in strings.

    Newer versions have a class of their own for this, with these methods, which ignores the braces in strings.
    """

    def __init__(self) -> None:
        self._text = ""
        self._depth = 0

    def add_line(self, line: str) -> str | None:
        """Add a line. Return the text, if it is complete."""
        self._depth += line.count("{") - line.count("}")
        self._text += line
        return None if self._depth else self.flush()

    def flush(self) -> str:
        """Return the lines so far, and begin a new text."""
        text, self._text = self._text, ""
        return text


def separate_lines(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the chunks with a blank line after each line, so that each line of data is an event."""
    for chunk in chunks:
        yield _with_blank_lines(chunk)


async def separate_lines_async(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield the chunks as separate_lines() does."""
    async for chunk in chunks:
        yield _with_blank_lines(chunk)


def _with_blank_lines(chunk: bytes) -> bytes:
    return chunk.replace(b"\r", b"\r\r").replace(b"\n", b"\n\n")
