"""The items that a scanner returns: immutable, hashable, comparable, picklable, matchable."""

from __future__ import annotations

import copy
import inspect
import pickle
import sys
from typing import Any

import pytest

import ssescan


class Text(str):
    """A str whose str() is different."""

    __slots__ = ()

    def __str__(self) -> str:
        return "other"


class Number(int):
    """An int whose int() is different."""

    def __int__(self) -> int:
        return -1


def items(scanners: Any) -> list[Any]:
    return [scanners.ServerSentEvent("a", "b", "c", 4), scanners.Comment("x"), scanners.UnknownLine("x")]


def test_event_defaults_are_the_standards(scanners: Any) -> None:
    event = scanners.ServerSentEvent()
    assert (event.event, event.data, event.id, event.retry) == ("message", "", "", None)
    assert scanners.ServerSentEvent("a", "b", "c", 4) == scanners.ServerSentEvent(retry=4, id="c", data="b", event="a")


def test_items_compare_by_type_and_value(scanners: Any) -> None:
    assert items(scanners) == items(scanners)
    assert len({*items(scanners), *items(scanners)}) == 3
    assert len({hash(scanners.ServerSentEvent(data=str(number))) for number in range(9)}) > 1
    assert scanners.Comment("x") != scanners.UnknownLine("x")
    fields = {"event": "a", "data": "b", "id": "c", "retry": 4}
    for other in ({"event": "d"}, {"data": "d"}, {"id": "d"}, {"retry": 5}):
        assert scanners.ServerSentEvent(**fields) != scanners.ServerSentEvent(**fields | other)
    assert scanners.ServerSentEvent("a", "b", "c", 4) != ("a", "b", "c", 4)


def test_ascii_text_is_stored_as_ascii(scanners: Any) -> None:
    [comment, event] = scanners.Scanner(comments=True).feed(b": c\nevent: e\nid: 7\ndata: x\n\n")
    for text in (comment.text, event.event, event.id, event.data):
        assert text.isascii()
        assert sys.getsizeof(text) == sys.getsizeof("x")


def test_items_are_immutable(scanners: Any) -> None:
    for item in items(scanners):
        for name in (*item.__match_args__, "other"):
            with pytest.raises(AttributeError, match="immutable"):
                setattr(item, name, "y")
            with pytest.raises(AttributeError, match="immutable"):
                delattr(item, name)
        item.__init__()
        assert item == items(scanners)[[type(t) for t in items(scanners)].index(type(item))]


def test_fields_of_compiled_items_are_read_only(both: tuple[Any, Any]) -> None:
    for item in items(both[0]):
        for name in item.__match_args__:
            with pytest.raises((AttributeError, TypeError)):
                object.__setattr__(item, name, "y")
            with pytest.raises((AttributeError, TypeError)):
                getattr(type(item), name).__set__(item, "y")
            with pytest.raises((AttributeError, TypeError)):
                getattr(type(item), name).__delete__(item)


def test_items_cannot_be_subclassed(scanners: Any) -> None:
    for item in items(scanners):
        with pytest.raises(TypeError, match="not an acceptable base type"):
            type("Other", (type(item),), {})


def test_repr_and_signatures(scanners: Any) -> None:
    assert [repr(item) for item in items(scanners)] == [
        "ServerSentEvent(event='a', data='b', id='c', retry=4)", "Comment(text='x')", "UnknownLine(text='x')",
    ]  # fmt: skip
    for item in items(scanners):
        assert (type(item).__module__, type(item).__qualname__) == ("ssescan", type(item).__name__)
        assert inspect.getdoc(type(item))
        assert str(inspect.signature(type(item))).startswith("(")
    options = inspect.signature(scanners.Scanner).parameters.values()
    assert {option.kind for option in options} == {inspect.Parameter.KEYWORD_ONLY}
    assert [(option.name, option.default) for option in options] == [
        ("max_event_size", 64 * 2**20), ("oversize", "raise"), ("empty_events", False), ("comments", False),
        ("unknown", False), ("unterminated", "drop"),
    ]  # fmt: skip


def test_items_match_by_position(scanners: Any) -> None:
    match scanners.ServerSentEvent("a", "b", "c", 4):
        case scanners.ServerSentEvent(event, data, last_id, retry):
            assert (event, data, last_id, retry) == ("a", "b", "c", 4)
    match scanners.Comment("x"):
        case scanners.Comment(text):
            assert text == "x"


def test_pickles_load_under_either_backend(scanners: Any) -> None:
    for item, loaded_as in zip(items(scanners), items(ssescan), strict=True):
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            loaded = pickle.loads(pickle.dumps(item, protocol))
            assert loaded == loaded_as  # the package's backend, for pickles of either
        assert copy.copy(item) is item
        assert copy.deepcopy(item) is item


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
    # In Pyodide, json.loads overflows the stack of the browser or of Node before CPython's limit, and ends the program.
    nested = [] if sys.platform == "emscripten" else ["[" * 1_000_000]
    for data in ("", "[DONE]", "{", *nested):
        with pytest.raises(ValueError, match=r".+"):
            scanners.ServerSentEvent(data=data).json()


def test_generic_classes(scanners: Any, package: Any) -> None:
    for cls in (scanners.Scanner, package.Scanner, package.EventStream, package.AsyncEventStream):
        assert cls[int].__origin__ is cls
        assert cls.__module__ == "ssescan"
