"""What a scanner gives: immutable, hashable, comparable, picklable, matchable."""

from __future__ import annotations

import copy
import inspect
import pickle
import sys
from typing import Any

import pytest

import ssescan


class Text(str):
    """A str that says something else when it is asked politely."""

    __slots__ = ()

    def __str__(self) -> str:
        return "other"


class Number(int):
    """As Text."""

    def __int__(self) -> int:
        return -1


def things(scanners: Any) -> list[Any]:
    return [scanners.ServerSentEvent("a", "b", "c", 4), scanners.Comment("x"), scanners.UnknownLine("x")]


def test_an_event_has_the_defaults_of_the_standard(scanners: Any) -> None:
    event = scanners.ServerSentEvent()
    assert (event.event, event.data, event.id, event.retry) == ("message", "", "", None)
    assert scanners.ServerSentEvent("a", "b", "c", 4) == scanners.ServerSentEvent(retry=4, id="c", data="b", event="a")


def test_things_compare_by_kind_and_value(scanners: Any) -> None:
    assert things(scanners) == things(scanners)
    assert len({*things(scanners), *things(scanners)}) == 3
    assert scanners.Comment("x") != scanners.UnknownLine("x")
    assert scanners.ServerSentEvent("a", "b", "c", 4) != scanners.ServerSentEvent("a", "b", "c", 5)
    assert scanners.ServerSentEvent("a", "b", "c", 4) != ("a", "b", "c", 4)


def test_things_cannot_be_changed(scanners: Any) -> None:
    for thing in things(scanners):
        for name in (*thing.__match_args__, "other"):
            with pytest.raises(AttributeError, match="immutable"):
                setattr(thing, name, "y")
            with pytest.raises(AttributeError, match="immutable"):
                delattr(thing, name)
        thing.__init__()
        assert thing == things(scanners)[[type(t) for t in things(scanners)].index(type(thing))]


def test_things_cannot_be_subclassed(scanners: Any) -> None:
    for thing in things(scanners):
        with pytest.raises(TypeError, match="not an acceptable base type"):
            type("Other", (type(thing),), {})


def test_things_show_themselves(scanners: Any) -> None:
    assert [repr(thing) for thing in things(scanners)] == [
        "ServerSentEvent(event='a', data='b', id='c', retry=4)", "Comment(text='x')", "UnknownLine(text='x')",
    ]  # fmt: skip
    for thing in things(scanners):
        assert (type(thing).__module__, type(thing).__qualname__) == ("ssescan", type(thing).__name__)
        assert inspect.getdoc(type(thing))
        assert str(inspect.signature(type(thing))).startswith("(")
    options = inspect.signature(scanners.Scanner).parameters.values()
    assert {option.kind for option in options} == {inspect.Parameter.KEYWORD_ONLY}
    assert [(option.name, option.default) for option in options] == [
        ("max_event_size", 64 * 2**20), ("oversize", "raise"), ("empty_events", False), ("comments", False),
        ("unknown", False), ("unterminated", "drop"),
    ]  # fmt: skip


def test_things_match_by_position(scanners: Any) -> None:
    match scanners.ServerSentEvent("a", "b", "c", 4):
        case scanners.ServerSentEvent(event, data, last_id, retry):
            assert (event, data, last_id, retry) == ("a", "b", "c", 4)
    match scanners.Comment("x"):
        case scanners.Comment(text):
            assert text == "x"


def test_pickles_load_under_either_backend(scanners: Any) -> None:
    for thing, loaded_as in zip(things(scanners), things(ssescan), strict=True):
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            loaded = pickle.loads(pickle.dumps(thing, protocol))
            assert loaded == loaded_as  # of the backend that the package has, whichever wrote it
        assert copy.copy(thing) is thing
        assert copy.deepcopy(thing) is thing


def test_subclasses_of_str_and_int_become_plain(scanners: Any) -> None:
    event = scanners.ServerSentEvent(Text("a"), Text("b"), Text("c"), Number(4))
    assert event == scanners.ServerSentEvent("a", "b", "c", 4)
    assert [type(value) for value in (event.event, event.data, event.id, event.retry)] == [str, str, str, int]
    assert type(scanners.Comment(Text("a")).text) is str


@pytest.mark.parametrize(
    ("fields", "text"),
    [({"event": None}, "event must be a str, not NoneType"), ({"data": b"x"}, "data must be a str, not bytes"),
     ({"id": 1}, "id must be a str, not int"), ({"retry": True}, "retry must be an int (ms) or None, not bool"),
     ({"retry": "1"}, "retry must be an int (ms) or None, not str"), ({"retry": 1.0}, "not float"),
     ({"name": "x"}, "unexpected keyword argument 'name'")],
)  # fmt: skip
def test_fields_of_other_types_are_refused(scanners: Any, fields: dict[str, Any], text: str) -> None:
    with pytest.raises(TypeError) as caught:
        scanners.ServerSentEvent(**fields)
    assert text in str(caught.value)


def test_json_reads_the_data(scanners: Any) -> None:
    assert scanners.ServerSentEvent(data='{"a": [1, null]}').json() == {"a": [1, None]}
    # In Pyodide the stack of the browser, or of Node, is over before CPython's own limit: json.loads ends the program.
    nested = [] if sys.platform == "emscripten" else ["[" * 1_000_000]
    for data in ("", "[DONE]", "{", *nested):
        with pytest.raises(ValueError, match=r".+"):
            scanners.ServerSentEvent(data=data).json()


def test_classes_that_are_generic_are_subscriptable(scanners: Any, package: Any) -> None:
    for cls in (scanners.Scanner, package.Scanner, package.EventStream, package.AsyncEventStream):
        assert cls[int].__origin__ is cls
        assert cls.__module__ == "ssescan"
