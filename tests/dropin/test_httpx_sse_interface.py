"""The interface of httpx-sse: names, signatures, the event, errors, headers."""

from __future__ import annotations

import asyncio
import copy
import inspect
import json
import pickle
import subprocess
import sys
import weakref
from typing import Any

import httpx
import httpx_sse
import pytest

from .responses import LIBRARIES, answer, async_client, body, client

PARTS = ("", "._api", "._decoders", "._exceptions", "._models")
FUNCTIONS = [
    "connect_sse",
    "aconnect_sse",
    "EventSource",
    "EventSource.__init__",
    "EventSource.iter_sse",
    "EventSource.aiter_sse",
    "EventSource._check_content_type",
    "ServerSentEvent",
    "ServerSentEvent.__init__",
    "ServerSentEvent.json",
    "ServerSentEvent.__repr__",
    "SSEError",
    "_api._iter_sse_lines",
    "_api._aiter_sse_lines",
    "_decoders._splitlines_sse",
    "_decoders.SSELineDecoder",
    "_decoders.SSELineDecoder.__init__",
    "_decoders.SSELineDecoder.decode",
    "_decoders.SSELineDecoder.flush",
    "_decoders.SSEDecoder",
    "_decoders.SSEDecoder.__init__",
    "_decoders.SSEDecoder.decode",
]
PROPERTIES = ["EventSource.response", "ServerSentEvent.event", "ServerSentEvent.data", "ServerSentEvent.id"]
PROPERTIES += ["ServerSentEvent.retry"]


def get(module: Any, path: str) -> Any:
    for name in path.split("."):
        module = getattr(module, name)
    return module


def signature(function: Any) -> str:
    """Return a signature as text, without the drop-in's package."""
    return str(inspect.signature(function)).replace("ssescan.dropin.", "")


@pytest.mark.parametrize("part", PARTS)
def test_every_name_of_the_original_exists(dropin: Any, part: str) -> None:
    theirs = sys.modules["httpx_sse" + part]
    ours = get(dropin, part[1:]) if part else dropin
    assert ours.__name__ == "ssescan.dropin.httpx_sse" + part
    names = [name for name, thing in vars(theirs).items() if getattr(thing, "__module__", "") == theirs.__name__]
    for name in [*names, *getattr(theirs, "__all__", ())]:
        assert hasattr(ours, name), name


def test_exports_are_those_of_the_original(dropin: Any) -> None:
    assert sorted(dropin.__all__) == sorted(httpx_sse.__all__)
    assert dropin.__version__ == httpx_sse.__version__


@pytest.mark.parametrize("name", FUNCTIONS)
def test_signatures_are_those_of_the_original(dropin: Any, name: str) -> None:
    assert signature(get(dropin, name)) == signature(get(httpx_sse, name))


@pytest.mark.parametrize("name", PROPERTIES)
def test_properties_are_those_of_the_original(dropin: Any, name: str) -> None:
    ours, theirs = get(dropin, name), get(httpx_sse, name)
    assert type(ours) is type(theirs) is property
    assert ours.fset is theirs.fset is None
    assert signature(ours.fget) == signature(theirs.fget)


def test_functions_are_of_the_same_kind(dropin: Any) -> None:
    for name in FUNCTIONS:
        ours, theirs = get(dropin, name), get(httpx_sse, name)
        assert inspect.isasyncgenfunction(ours) == inspect.isasyncgenfunction(theirs), name
        assert inspect.isgeneratorfunction(ours) == inspect.isgeneratorfunction(theirs), name
        assert inspect.isclass(ours) == inspect.isclass(theirs), name


def test_class_modules_are_those_of_the_original(dropin: Any) -> None:
    for name in ("EventSource", "ServerSentEvent", "SSEError"):
        assert getattr(dropin, name).__module__.removeprefix("ssescan.dropin.") == getattr(httpx_sse, name).__module__


# The event


EVENTS = [
    {},
    {"event": None, "data": None, "id": None, "retry": None},
    {"event": ""},
    {"event": "x"},
    {"data": "d"},
    {"data": ""},
    {"id": "7"},
    {"retry": 0},
    {"event": "x", "data": "d\n'", "id": "7", "retry": 12},
    {"data": 5, "id": 0, "retry": "soon"},  # types are not checked
]


@pytest.mark.parametrize("arguments", EVENTS, ids=str)
def test_events_have_the_values_and_text_of_the_original(dropin: Any, arguments: dict[str, Any]) -> None:
    ours, theirs = dropin.ServerSentEvent(**arguments), httpx_sse.ServerSentEvent(**arguments)
    for name in ("event", "data", "id", "retry"):
        assert getattr(ours, name) == getattr(theirs, name)
        assert type(getattr(ours, name)) is type(getattr(theirs, name))
    assert repr(ours) == repr(theirs)


def read_event(dropin: Any) -> Any:
    (event,) = dropin.EventSource(answer(httpx, body(httpx, [b"event: e\ndata: [1]\nid: i\nretry: 9\n\n"]))).iter_sse()
    return event


def test_repr_of_a_read_event(dropin: Any) -> None:
    event = read_event(dropin)
    assert type(event) is dropin.ServerSentEvent
    assert repr(event) == repr(httpx_sse.ServerSentEvent("e", "[1]", "i", 9))
    assert event.json() == [1]


def test_events_are_equal_only_to_themselves(dropin: Any) -> None:
    event, other = read_event(dropin), read_event(dropin)
    assert event == event
    assert event != other
    assert len({event, other, event}) == 2


@pytest.mark.parametrize("name", ["event", "data", "id", "retry"])
def test_fields_of_an_event_are_read_only(dropin: Any, name: str) -> None:
    for event in (read_event(dropin), dropin.ServerSentEvent()):
        with pytest.raises(AttributeError):
            setattr(event, name, "x")
        with pytest.raises(AttributeError):
            delattr(event, name)


def test_event_allows_attributes_and_weak_references(dropin: Any) -> None:
    event = read_event(dropin)
    event.received = 5
    assert event.received == 5
    assert weakref.ref(event)() is event


def test_events_can_be_copied_and_pickled(monkeypatch: pytest.MonkeyPatch, dropin: Any) -> None:
    for module in (dropin, dropin._models):  # noqa: SLF001
        monkeypatch.setitem(sys.modules, module.__name__, module)
    for event in (read_event(dropin), dropin.ServerSentEvent("e", "d")):
        copies = [copy.copy(event), copy.deepcopy(event)]
        copies += [pickle.loads(pickle.dumps(event, protocol)) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)]
        assert {repr(copied) for copied in copies} == {repr(event)}


def test_event_can_be_subclassed(dropin: Any) -> None:
    class Subclass(dropin.ServerSentEvent):  # type: ignore[misc]
        def __init__(self, text: str) -> None:
            super().__init__(data=text)

    assert Subclass("x").data == "x"
    assert isinstance(Subclass("x"), dropin.ServerSentEvent)


def test_data_that_is_not_json_raises_jsondecodeerror(dropin: Any) -> None:
    with pytest.raises(json.JSONDecodeError):
        dropin.ServerSentEvent().json()
    with pytest.raises(json.JSONDecodeError):
        dropin.ServerSentEvent(data="{").json()


# The response


def test_other_content_types_are_refused_at_the_first_event(dropin: Any) -> None:
    for library in LIBRARIES:
        for headers in (
            {},
            {"content-type": "text/html; charset=utf-8"},
            {"content-type": "text/x; text/event-stream"},
        ):
            response = answer(library, body(library, [b"data: a\n\n"]), headers)
            events = dropin.EventSource(response).iter_sse()
            with pytest.raises(dropin.SSEError, match="text/event-stream"):
                next(events)
            assert not response.is_stream_consumed


def test_refusal_is_an_httpx_error(dropin: Any) -> None:
    assert dropin.SSEError.__bases__ == httpx_sse.SSEError.__bases__ == (httpx.TransportError,)


@pytest.mark.parametrize(
    "content_type", ["text/event-stream", "text/event-stream;charset=utf-8", "application/json, text/event-stream"]
)
def test_content_type_may_contain_other_types(dropin: Any, content_type: str) -> None:
    response = answer(httpx, body(httpx, [b"data: a\n\n"]), {"content-type": content_type})
    assert [event.data for event in dropin.EventSource(response).iter_sse()] == ["a"]


def test_subclass_may_override_the_content_type_check(dropin: Any) -> None:
    class Subclass(dropin.EventSource):  # type: ignore[misc]
        def _check_content_type(self) -> None:
            pass

    response = answer(httpx, body(httpx, [b"data: a\n\n"]), {})
    assert [event.data for event in Subclass(response).iter_sse()] == ["a"]
    assert Subclass(response).response is response


# The request


@pytest.mark.parametrize("library", LIBRARIES)
def test_request_headers(dropin: Any, library: Any) -> None:
    for given in (
        None,
        {"X-Mine": "1", "Accept": "text/html"},
        library.Headers({"x-mine": "1", "accept": "text/html"}),
        [("X-Mine", "1"), ("accept", "text/html")],
        {"X-Mine": "1"},
    ):
        before = copy.deepcopy(given)
        requests: list[Any] = []
        with (
            client(library, [b"data: a\n\n"], requests) as http,
            dropin.connect_sse(http, "POST", "http://host/path", headers=given, json={"a": 1}) as source,
        ):
            assert [event.data for event in source.iter_sse()] == ["a"]
        (request,) = requests
        assert request.method == "POST"
        assert json.loads(request.read()) == {"a": 1}
        assert request.headers.get_list("accept") == ["text/event-stream"]
        assert request.headers.get_list("cache-control") == ["no-store"]
        assert request.headers.get("x-mine") == (None if given is None else "1")
        assert given == before  # the caller's headers do not change
        assert source.response.is_closed


def test_requests_are_those_of_the_original(dropin: Any) -> None:
    sent = []
    for module in (dropin, httpx_sse):
        requests: list[Any] = []
        with client(httpx, [], requests) as http:
            for options in ({}, {"headers": {"A": "b"}}, {"params": {"q": "1"}, "headers": httpx.Headers({"A": "b"})}):
                with module.connect_sse(http, "GET", "http://host/", **options):
                    pass
        sent.append([(str(request.url), sorted(request.headers.items())) for request in requests])
    assert sent[0] == sent[1]


# Without httpx


def test_import_error_names_the_extra() -> None:
    code = """
        import sys
        sys.modules["httpx"] = None
        try:
            import ssescan.dropin.httpx_sse
        except ImportError as error:
            assert error.name == "httpx" and "ssescan[httpx]" in str(error), error
        else:
            raise SystemExit("no ImportError")
        import ssescan.dropin.sseclient
    """
    subprocess.run([sys.executable, "-c", inspect.cleandoc(code)], check=True)


def test_ssescan_does_not_load_the_drop_ins() -> None:
    code = """
        import sys
        import ssescan
        loaded = [name for name in sys.modules if name.startswith(("ssescan.dropin.httpx_sse", "ssescan.dropin.ssecl"))]
        assert not loaded and "httpx" not in sys.modules, loaded
    """
    subprocess.run([sys.executable, "-c", inspect.cleandoc(code)], check=True)


async def _first(dropin: Any, library: Any) -> Any:
    async with (
        async_client(library, [b"data: a\n\n"]) as http,
        dropin.aconnect_sse(http, "GET", "http://host/") as source,
    ):
        async for event in source.aiter_sse():
            assert source.response.request.headers["accept"] == "text/event-stream"
            return event
    return None


@pytest.mark.parametrize("library", LIBRARIES)
def test_aconnect_sse(dropin: Any, library: Any) -> None:
    assert asyncio.run(_first(dropin, library)).data == "a"
