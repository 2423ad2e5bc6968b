"""Redact: no match gets through, whatever the pieces; what cannot become a match is not held back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ssescan import Redact
from ssescan.gateway.json_text_filter import JsonTextFilter

regex = pytest.importorskip("regex")

KEY = r"sk-[a-z0-9]{4,}"
PATTERNS = (
    KEY,
    r"\d{3}-\d{2}",
    "secret",
    r"\bab+c\b",
    "ab|abcd",
    "foo(?=bar)",
    r"(?<=x)yz+",
    "(?s)BEGIN.*?END",
    "a{3,70}b",
    "x$",
    "^a+",
    "foo(?!bar)",
    r"(a|b)\1c",
    r"(?i)secret\s+key",
    r"[\w.]+@[\w.]+",
    r"(?:\d[ -]?){13,16}",
)
TEXTS = st.text(alphabet="sk-ab1 23xyzcfor\n@", max_size=80) | st.lists(
    st.sampled_from(
        ["sk-", "abcd1234", " ", "secret", "123-45", "abbc", "foobar", "BEGIN", "END", "x", "yzz", "a" * 70, "b"]
    )
).map("".join)


def redacted(of: Any, text: str, cuts: list[int]) -> str:
    """Return what a filter makes of a text that comes in pieces."""
    made, at = "", 0
    for cut in sorted({cut % (len(text) + 1) for cut in cuts}):
        made, at = made + of.feed(text[at:cut]), cut
    return str(made + of.feed(text[at:]) + of.flush())


@settings(max_examples=120, deadline=None)
@given(st.sampled_from(PATTERNS), TEXTS, st.lists(st.integers(0, 300)), st.sampled_from([3, 64]))
@example(KEY, "sk-" + "a" * 300 + " end", [4, 100], 64)
@example("x$", "x\nf", [1, 2], 64)
@example("x$", "x\n", [1], 64)
def test_no_match_gets_through_and_pieces_do_not_matter(pattern: str, text: str, cuts: list[int], hold: int) -> None:
    made = redacted(Redact(pattern, "#", hold=hold), text, cuts)
    assert regex.search(pattern, made) is None
    assert made == redacted(Redact(pattern, "#", hold=hold), text, [])
    if regex.search(pattern, text, partial=True) is None:
        assert made == text


def test_text_that_cannot_become_a_match_is_not_held_back() -> None:
    of = Redact(KEY)
    assert [of.feed(piece) for piece in ("Hello ", "s", "o the ", "sk", "ill is sk-abc", "d", " ")] == [
        "Hello ", "", "so the ", "", "skill is ", "", "[redacted] "
    ]  # fmt: skip


@settings(max_examples=120, deadline=None)
@given(st.sampled_from(PATTERNS), TEXTS)
def test_what_is_held_back_may_become_a_match(pattern: str, text: str) -> None:
    if regex.search(pattern, text) is not None:
        return
    made = Redact(pattern, hold=100).feed(text)
    assert text.startswith(made)
    held = len(made) < len(text)
    assert not held or regex.compile(pattern).fullmatch(text, len(made), partial=True) is not None


@pytest.mark.parametrize("pattern", [KEY, "sk-abcd", r"sk-\w{4}\b", "sk-a.cd(?= )"])
def test_text_after_a_match_is_not_held_back(pattern: str) -> None:
    assert Redact(pattern, "#").feed("my sk-abcd and more text") == "my # and more text"


def test_a_match_over_hold_is_replaced_and_its_rest_dropped() -> None:
    of = Redact(KEY, "#", hold=8)
    assert of.feed("my sk-abcdef") == "my #"
    assert of.feed("0123456789" * 1000) == ""
    assert of.feed("gh and more") == " and more"
    assert of.flush() == ""


def test_flush_ends_a_match() -> None:
    of = Redact(KEY)
    assert of.feed("sk-abcd") + of.flush() == "[redacted]"
    assert of.feed("sk-abc") + of.flush() == "sk-abc"


@pytest.mark.parametrize(("pattern", "hold"), [("(", 64), ("a*", 64), ("a", 0), ("a", True)])
def test_wrong_arguments(pattern: str, hold: Any) -> None:
    with pytest.raises(ValueError, match=r"pattern|hold"):
        Redact(pattern, hold=hold)
    with pytest.raises(TypeError):
        Redact(b"a")  # type: ignore[arg-type]


def texts_of(value: Any) -> list[str]:
    """Return the texts and numbers in a JSON value."""
    if isinstance(value, dict):
        return [text for item in value.items() for text in texts_of(list(item))]
    return [text for item in value for text in texts_of(item)] if isinstance(value, list) else [str(value)]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None)
@given(VALUES, st.booleans(), st.lists(st.integers(0, 300)))
def test_json_stays_json(value: Any, ascii_only: bool, cuts: list[int]) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only)
    assert redacted(JsonTextFilter(lambda: Redact("\x00")), text, cuts) == text
    made = redacted(JsonTextFilter(lambda: Redact(r"secret|[0-9]{3,}|sk-\w+", "#")), text, cuts)
    assert all(regex.search(r"secret|[0-9]{4,}|sk-\w+", text) is None for text in texts_of(json.loads(made)))
