"""EventRun, compiled and in Python: any chunks and any shapes give the same reads, counts and exceptions."""

from __future__ import annotations

import re
from typing import Any

from ssescan.scanner import _compiled, _python

from ..choices import Choices
from .answers import streams

TOKEN = re.compile(
    rb'(?<=:)"(?P<string>(?:[^"\\\x00-\x1f]|\\.)*)"|(?<=:)(?P<number>[0-9]+)(?![0-9])|(?<! )(?P<spaces> *)(?=\})'
)
TEXT, STRING, NUMBER, SPACES = range(4)  # kinds of gaps
KINDS = {"string": STRING, "number": NUMBER, "spaces": SPACES}
LITERAL = 2  # of the choices of a token: it must be the same in all events
MAX_GAPS = 9  # one more than an EventRun accepts
ALIKE = b'event: e\ndata: {"n":%d,"text":"%b","pad":"%b"%b}\n\n'


def check(data: bytes) -> int:
    """Feed both, which learn shapes of the events that they read."""
    chosen = Choices(data)
    answers = [chosen.number(3) for _ in range(4)]
    tokens = [chosen.number(3) for _ in range(6)]
    at_events = chosen.flag()
    chunks = chosen.chunks()
    if at_events:
        chunks = re.findall(rb"(?s).+?(?:\n\n|\Z)", b"".join(chunks))
    ours, theirs = (passed(module, chunks, answers, tokens) for module in (_python, _compiled))
    assert ours == theirs, f"(python, compiled) = {ours!r}, {theirs!r}\nchunks = {chunks!r}"
    return 2


def passed(module: Any, chunks: list[bytes], answers: list[int], tokens: list[int]) -> list[Any]:
    """Return all that a run reads and returns. `answers`: to which reads it gets no shape."""
    log: list[Any] = []

    def read(event: bytes, is_alike: bool) -> Any:
        log.append((event, is_alike))
        gaps = gaps_of(event, tokens)
        return None if answers[len(log) % len(answers)] == 2 or not gaps else (event, gaps)

    run = module.EventRun(read)
    for chunk in chunks:
        try:
            log.append(run.feed(chunk))
        except ValueError as error:
            log.append(str(error))
        log.append((run.joined, run.unsent))
    run.flush()
    return [*log, run.joined]


def gaps_of(event: bytes, tokens: list[int]) -> list[tuple[int, int, int]]:
    """Return one string as the text, and other strings, numbers and spaces; nothing if there is no string."""
    gaps, has_text = [], False
    for number, found in enumerate(TOKEN.finditer(event)):
        name = str(found.lastgroup)
        choice, kind = tokens[number % len(tokens)], KINDS[name]
        if kind == STRING and choice == 0 and not has_text:
            has_text, kind = True, TEXT
        if choice != LITERAL:
            gaps.append((kind, found.start(name), found.end(name)))
    return gaps[:MAX_GAPS] if TEXT in [kind for kind, *_ in gaps[:MAX_GAPS]] else []


def seeds() -> list[bytes]:
    """Return events that are alike, and answers."""
    texts = (b"a", b"b\\n", "\u00e9\u20ac".encode(), b"\\u00e9", b"\\ud83d", b"\xff", b"", b"c" * 40)
    alike = [ALIKE % (number, text, b"p" * number, b" " * (number % 3)) for number, text in enumerate(texts)]
    made = [b"".join(alike), b"".join(one + one for one in alike), *streams()]
    # check() takes them from the end. A number, the text, a string and spaces; all in one chunk, by events, in pieces.
    choices = [bytes([60, way, by_event, 0, 0, 1, 1, 0, 1, 0, 0, 0, 0]) for way, by_event in ((0, 0), (0, 1), (1, 0))]
    return [data + more for data in made for more in choices]
