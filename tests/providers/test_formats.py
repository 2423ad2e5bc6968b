"""A format is a decoder that registers itself, and a word in `Api`: shown with a toy format."""

from __future__ import annotations

import asyncio
import pkgutil
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from msgspec import Struct

from ssescan import astream, stream
from ssescan.providers import _decoders, formats
from ssescan.providers.format_decoder import GUESS, FormatDecoder
from ssescan.providers.formats import APIS, checked_api, decoder_class, detect, known_apis, register

if TYPE_CHECKING:
    from ssescan.providers import Message

BODY = b'data: {"say":"Good"}\n\ndata: {"say":" day"}\n\ndata: {"bye":true}\n\n'


class ToyEvent(Struct):
    say: str | None = None
    bye: bool | None = None


class Toy(FormatDecoder):
    api: ClassVar[str] = "toy"
    event: type[Struct] = ToyEvent

    @classmethod
    def recognize(cls, value: dict[str, Any], name: str | None) -> int:
        return GUESS + 1 if "say" in value or "bye" in value else 0

    def handle(self, event: Any) -> Any:
        choice = self.builder.choice(0)
        if event.say is None and event.bye is None:
            return None
        choice.text(event.say)
        if event.bye:
            choice.end("stop", None)
        return self.builder.drain()


def turn(message: Message) -> Any:
    return {"say": message.text}


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The toy format, registered for one test."""
    monkeypatch.setattr(formats, "_registered", dict(formats._registered))  # noqa: SLF001
    register(Toy)


def test_names_are_those_of_the_registered_decoders() -> None:
    for module in pkgutil.iter_modules(_decoders.__path__):
        import_module(f"{_decoders.__name__}.{module.name}")
    assert set(known_apis()) == set(APIS)
    for api in APIS:
        assert decoder_class(api).api == api
        assert decoder_class(api).__module__ == f"{_decoders.__name__}.{api.replace('-', '_')}"


@pytest.mark.usefixtures("toy")
@pytest.mark.parametrize("api", [None, "toy"])
def test_a_toy_format_is_read(api: Any) -> None:
    reading = stream(BODY, api)
    message = reading.collect()
    assert (reading.api, message.text, message.finish_reason, message.complete) == ("toy", "Good day", "stop", True)
    assert message.to_turn() == {"say": "Good day"}


@pytest.mark.usefixtures("toy")
def test_a_toy_format_is_read_asynchronously() -> None:
    async def main() -> str:
        return (await astream(BODY).collect()).text

    assert asyncio.run(main()) == "Good day"


@pytest.mark.usefixtures("toy")
def test_errors_name_a_toy_format() -> None:
    with pytest.raises(ValueError, match=f"'{APIS[-1]}', 'toy'"):
        checked_api("toys")


def test_the_surest_format_is_detected() -> None:
    error = {"type": "error", "error": {"type": "t", "message": "m"}}
    assert detect(error, None, guess=True) == "anthropic"
    assert detect(error, None, guess=False) is None
    assert detect(error | {"event_type": "error"}, None, guess=False) == "gemini-interactions"
    assert detect([3, {"choices": []}], None, guess=False) == "openai-chat"
    assert detect("text", "response.created", guess=True) is None
    assert detect({}, "response.created", guess=False) == "openai-responses"
