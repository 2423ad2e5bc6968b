"""The formats: their names, their decoders, and how the first event shows which one it is.

A format is a word in `Api` and a file of that name in `_decoders/`, which is imported when a stream is read.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar, get_args

if TYPE_CHECKING:
    from .format_decoder import FormatDecoder

__all__ = ["APIS", "Api", "checked_api", "decoder_class", "detect", "known_apis", "register", "turn_of"]

Api: TypeAlias = Literal["openai-chat", "openai-responses", "anthropic", "gemini", "gemini-interactions"]
APIS: tuple[str, ...] = get_args(Api)

D = TypeVar("D", bound="type[FormatDecoder]")

_registered: dict[str, type[FormatDecoder]] = {}


def register(decoder: D) -> D:
    """Add the decoder of a format under its `api`: a class decorator."""
    _registered[decoder.api] = decoder
    return decoder


def known_apis() -> tuple[str, ...]:
    """Return the names of all formats: those of `Api`, and others that were registered."""
    return (*APIS, *(api for api in _registered if api not in APIS))


def decoder_class(api: str) -> type[FormatDecoder]:
    """Return the decoder of a format."""
    if api not in _registered:
        import_module(f"._decoders.{api.replace('-', '_')}", __package__)
    return _registered[api]


def turn_of(api: str, message: Any) -> Any:
    """Return a message in the request format of an API."""
    return import_module(decoder_class(api).__module__).turn(message)


def checked_api(api: Any) -> str | None:
    """Return the name of a format as it was passed. TypeError, ValueError if it is not one."""
    if api is None or (isinstance(api, str) and api in known_apis()):
        return api
    names = ", ".join(map(repr, known_apis()))
    if not isinstance(api, str):
        raise TypeError(f"api must be a str ({names}) or None, not {type(api).__name__}")
    raise ValueError(f"api must be one of {names}, or None to find it from the first event, not {api!r}")


def detect(value: Any, name: str | None, *, guess: bool) -> str | None:
    """Return the format of an event, by its JSON and by its `name`; None if no format recognizes it.

    With `guess`, also of an event that several formats have, above all errors.
    """
    from .format_decoder import GUESS

    if isinstance(value, list):
        value = next((element for element in value if isinstance(element, dict)), None)
    if not isinstance(value, dict):
        return None
    certainty = {api: decoder_class(api).recognize(value, name) for api in known_apis()}
    api = max(certainty, key=certainty.__getitem__)
    return api if certainty[api] > (0 if guess else GUESS) else None
