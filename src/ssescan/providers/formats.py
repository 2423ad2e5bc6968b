"""The formats: their names, their decoders and writers, and how the first event shows which one it is.

A format that is read is a word in `Api` and a file of that name in `_decoders/`, which is imported when a stream is
read, and one in `_texts/`, for when its text is changed in place; one that is written is a word in `WrittenApi` and a
file in `_writers/`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar, get_args

if TYPE_CHECKING:
    from .format_decoder import FormatDecoder
    from .format_writer import FormatWriter
    from .text_fields import TextFields

__all__ = [
    "APIS", "WRITTEN_APIS", "Api", "WrittenApi", "checked_api", "checked_written_api", "decoder_class", "detect",
    "has_others", "known_apis", "known_written_apis", "register", "register_texts", "register_writer", "texts_class",
    "turn_of", "writer_class",
]  # fmt: skip

Api: TypeAlias = Literal["openai-chat", "openai-responses", "anthropic", "gemini", "gemini-interactions"]
APIS: tuple[str, ...] = get_args(Api)
WrittenApi: TypeAlias = Literal["openai-chat", "openai-responses", "anthropic", "gemini", "ai-sdk-ui"]
WRITTEN_APIS: tuple[str, ...] = get_args(WrittenApi)

D = TypeVar("D", bound="type[FormatDecoder]")
W = TypeVar("W", bound="type[FormatWriter]")
T = TypeVar("T", bound="type[TextFields]")

_OURS = frozenset(APIS)
_registered: dict[str, type[FormatDecoder]] = {}
_writers: dict[str, type[FormatWriter]] = {}
_texts: dict[str, type[TextFields]] = {}


def register(decoder: D) -> D:
    """Add the decoder of a format under its `api`: a class decorator."""
    _registered[decoder.api] = decoder
    return decoder


def register_writer(writer: W) -> W:
    """Add the writer of a format under its `api`: a class decorator."""
    _writers[writer.api] = writer
    return writer


def register_texts(texts: T) -> T:
    """Add the text fields of a format under its `api`: a class decorator."""
    _texts[texts.api] = texts
    return texts


def known_apis() -> tuple[str, ...]:
    """Return the names of all formats: those of `Api`, and others that were registered."""
    return (*APIS, *(api for api in _registered if api not in APIS))


def has_others() -> bool:
    """Return whether a format was registered that is not one of `Api`."""
    return not _registered.keys() <= _OURS


def decoder_class(api: str) -> type[FormatDecoder]:
    """Return the decoder of a format."""
    if api not in _registered:
        import_module(f"._decoders.{api.replace('-', '_')}", __package__)
    return _registered[api]


def known_written_apis() -> tuple[str, ...]:
    """Return the names of all formats that are written: those of `WrittenApi`, and others that were registered."""
    return (*WRITTEN_APIS, *(api for api in _writers if api not in WRITTEN_APIS))


def writer_class(api: str) -> type[FormatWriter]:
    """Return the writer of a format."""
    if api not in _writers:
        import_module(f"._writers.{api.replace('-', '_')}", __package__)
    return _writers[api]


def texts_class(api: str) -> type[TextFields]:
    """Return the text fields of a format that is read."""
    if api not in _texts:
        import_module(f"._texts.{api.replace('-', '_')}", __package__)
    return _texts[api]


def turn_of(api: str, message: Any) -> Any:
    """Return a message in the request format of an API."""
    return import_module(decoder_class(api).__module__).turn(message)


def checked_api(api: Any) -> str | None:
    """Return the name of a format as it was passed. TypeError, ValueError if it is not one."""
    if api is None or (isinstance(api, str) and (api in APIS or api in _registered)):
        return api
    names = ", ".join(map(repr, known_apis()))
    if not isinstance(api, str):
        raise TypeError(f"api must be a str ({names}) or None, not {type(api).__name__}")
    raise ValueError(f"api must be one of {names}, or None to find it from the first event, not {api!r}")


def checked_written_api(api: Any) -> str:
    """Return the name of a format that is written, as it was passed. TypeError, ValueError if it is not one."""
    if isinstance(api, str) and (api in WRITTEN_APIS or api in _writers):
        return api
    names = ", ".join(map(repr, known_written_apis()))
    if not isinstance(api, str):
        raise TypeError(f"the format to write must be a str ({names}), not {type(api).__name__}")
    raise ValueError(f"the format to write must be one of {names}, not {api!r}")


def detect(value: Any, name: str | None, *, guess: bool, named: str | None = None) -> str | None:
    """Return the format of an event, by its JSON and by its `name`; None if no format recognizes it.

    With `guess`, also of an event that several formats have, above all errors. `named`: the format that the program
    named; where it is certain by the JSON alone, the others are not asked.
    """
    from .format_decoder import GUESS

    if isinstance(value, list):
        value = next((element for element in value if isinstance(element, dict)), None)
    if not isinstance(value, dict):
        return None
    if named is not None and decoder_class(named).recognize(value, None) > GUESS:
        return named
    certainty = {api: decoder_class(api).recognize(value, name) for api in known_apis()}
    api = max(certainty, key=certainty.__getitem__)
    return api if certainty[api] > (0 if guess else GUESS) else None
