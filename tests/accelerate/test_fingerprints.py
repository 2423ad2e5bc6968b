# ruff: noqa: SLF001 - the private parts of other libraries are what these tests are about
"""accelerate() with versions of the libraries, and of pydantic, whose private parts are not as expected."""

from __future__ import annotations

import inspect
import re
import warnings
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypedDict

import anthropic._streaming
import google.genai.models
import h11
import httpcore2
import httpx2
import httpx_sse
import openai._streaming
import pydantic
import pydantic_core
import pytest
from pydantic_core import core_schema

import ssescan
from ssescan.dropin.sdk import acceleration as acceleration_module
from ssescan.dropin.sdk.fingerprints import ABSENT, differences, fingerprint, normalize
from ssescan.dropin.sdk.known_versions import FINGERPRINTS
from ssescan.dropin.sdk.libraries import LIBRARIES

from .patched_places import are_identical, attributes

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.usefixtures("restored")


def changed_stream(self: Any) -> Any:
    return iter(("changed",))


def other_init(self: Any, **data: Any) -> None:
    """Have another source than the method that it stands for. It is never called."""


ALL_WITH_PYDANTIC = "openai anthropic google-genai"
SLOTS = (*pydantic.BaseModel.__slots__, "__pydantic_new_slot__")
NEW_UNION: Any = TypedDict("NEW_UNION", {"type": str, "choices": Any, "mode": str, "new_option": bool})
# How a future version may differ: the case, the libraries that are left alone, what is changed, and the reason.
FUTURES: tuple[tuple[str, str, Any, str, Any, str], ...] = (
    ("another loop", "openai", openai._streaming.Stream, "__stream__", changed_stream, "__stream__ is not as expected"),
    ("no loop", "openai", openai._streaming.AsyncStream, "__stream__", None, "there is no"),
    ("another builder", "openai", openai._models, "construct_type", lambda **_: None, "construct_type is not"),
    ("no builder", "anthropic", anthropic._models, "construct_type", None, "there is no"),
    ("no decoder", "anthropic", anthropic._streaming, "SSEDecoder", None, "there is no"),
    ("another decoder", "anthropic", anthropic._streaming, "SSEDecoder", type("Other", (), {}), "SSEDecoder is not"),
    ("other models", "google-genai", google.genai._common, "_remove_extra_fields", print, "_remove_extra_fields"),
    ("another parser", "httpx2", httpx2._sse, "_SSEParser", type("Other", (), {}), "_SSEParser is not"),
    ("another method", "httpx-sse", httpx_sse._api.EventSource, "iter_sse", changed_stream, "iter_sse is not"),
    ("another body", "httpcore", h11._readers.ChunkedReader, "__call__", changed_stream, "ChunkedReader is not"),
    (
        "another event",
        "httpcore",
        httpcore2.HTTP11Connection,
        "_receive_event",
        changed_stream,
        "_receive_event is not",
    ),
    ("pydantic: another slot", ALL_WITH_PYDANTIC, pydantic.BaseModel, "__slots__", SLOTS, "__slots__ is not"),
    ("pydantic: another union", ALL_WITH_PYDANTIC, core_schema, "UnionSchema", NEW_UNION, "UnionSchema is not"),
    ("pydantic: no union", ALL_WITH_PYDANTIC, core_schema, "UnionSchema", None, "there is no"),
    (
        "pydantic: another validator",
        ALL_WITH_PYDANTIC,
        pydantic_core,
        "SchemaValidator",
        type("SchemaValidator", (), {"__text_signature__": "(schema)"}),
        "SchemaValidator is not",
    ),
    ("pydantic: another __init__", "google-genai", pydantic.BaseModel, "__init__", other_init, "__init__ is not"),
)


@pytest.mark.parametrize(
    ("names", "owner", "attribute", "replacement", "reason"),
    [case[1:] for case in FUTURES],
    ids=[case[0] for case in FUTURES],
)
def test_changed_version_is_left_alone_and_reported(
    names: str, owner: Any, attribute: str, replacement: Any, reason: str
) -> None:
    name, left_alone = names.split(maxsplit=1)[0], set(names.split())
    original = vars(owner)[attribute]
    if replacement is None:
        delattr(owner, attribute)
    else:
        setattr(owner, attribute, replacement)
    try:
        before = attributes()
        with pytest.warns(RuntimeWarning, match="left alone"):
            acceleration = ssescan.accelerate(name)
        assert are_identical(before, attributes())
        assert "left alone" in acceleration.report[name]
        assert reason in acceleration.report[name]
        assert "is accelerated" not in acceleration.report[name]
        acceleration.undo()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with ssescan.accelerate() as others:
                accelerated = {name for name, line in others.report.items() if "is accelerated" in line}
                assert accelerated == set(others.report) - left_alone
    finally:
        setattr(owner, attribute, original)


def test_every_part_is_known_in_the_installed_versions() -> None:
    # make sdk-diff imports the module of each part by its name.
    for library in LIBRARIES.values():
        for module, part in library.parts.items():
            with suppress(ImportError):  # the Interactions are in one of two places
                import_module(module)
                assert list(differences(FINGERPRINTS.get(part, {}))) == []


def test_part_that_some_versions_do_not_have() -> None:
    assert list(differences({"openai:no_such_part": (ABSENT, "0")})) == []
    assert list(differences({"openai:no_such_part": ("0",)})) == ["there is no openai:no_such_part"]


@pytest.mark.parametrize(
    ("version", "point"),
    [
        ("3.60.0", "openai 3.60.0 is newer than what is known (2.20 to 3.57): left alone, because"),
        ("4", "openai 4 is newer than what is known (2.20 to 3.57): left alone, because"),
        ("2.9.0rc1", "openai 2.9.0rc1 is older than what is known (2.20 to 3.57): left alone, because"),
        ("3.57.9", "openai 3.57.9 is left alone, because"),
    ],
)
def test_reason_begins_with_the_point(version: str, point: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(acceleration_module, "version", lambda name: version)
    monkeypatch.setattr(openai._streaming.Stream, "__stream__", changed_stream)
    with (
        pytest.warns(RuntimeWarning, match=f"^{re.escape(point)}") as warned,
        ssescan.accelerate("openai") as acceleration,
    ):
        report = acceleration.report["openai"]
        assert report.startswith(point)
    assert [str(one.message) for one in warned] == [f"{report}; the program works as without acceleration"]


def test_wrapped_function_has_another_fingerprint() -> None:
    from functools import wraps

    original: Callable[[Any], Any] = openai._streaming.Stream.__dict__["__stream__"]

    @wraps(original)
    def wrapped(self: Any) -> Any:
        return original(self)

    assert fingerprint(wrapped) != fingerprint(original)


def test_fingerprint_ignores_layout() -> None:
    def one(value: int) -> int:
        """Return more."""
        return value + 1

    def same_thing(value):  # type: ignore[no-untyped-def]
        # Another comment.
        return (
            value
            + 1
        )  # fmt: skip

    def another(value: int) -> int:
        return value + 2

    assert source_of_body(one) == source_of_body(same_thing)
    assert source_of_body(one) != source_of_body(another)


def source_of_body(function: Any) -> str:
    """Return the text that the fingerprint depends on, without the name of the function."""
    return normalize(inspect.getsource(function)).partition("(")[2]


def test_missing_module_is_a_difference() -> None:
    assert list(differences({"no.such.module:f": ("0",)})) == ["there is no module no.such.module"]
