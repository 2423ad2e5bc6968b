"""Accelerated SDKs yield the same objects: classes, values, fields set, exceptions."""

from __future__ import annotations

import json
import warnings
from random import Random
from typing import Any

import pytest

import ssescan

from .mutations import mutated
from .sdks import ErrorSnapshot, dump_stream, http_library, read_stream, read_stream_async, readable

pytestmark = pytest.mark.filterwarnings("ignore")

MUTATIONS = {"openai-chat": 3500, "openai-responses": 2500, "anthropic": 2000, "gemini": 2000, "interactions": 200}
LIBRARIES = {
    "openai-chat": "openai", "openai-responses": "openai", "anthropic": "anthropic",
    "gemini": "google-genai", "interactions": "google-genai",
}  # fmt: skip
# The part of --mutations, which is for each SDK, that an API gets.
SHARES = {"openai-chat": 0.5, "openai-responses": 0.5, "anthropic": 1.0, "gemini": 0.8, "interactions": 0.2}


def cut(body: bytes, random: Random) -> list[bytes]:
    """Cut a body at random places."""
    places = sorted(random.randrange(len(body) + 1) for _ in range(random.choice((1, 4, len(body) // 200 + 1))))
    return [body[start:end] for start, end in zip([0, *places], [*places, len(body)], strict=True)]


@pytest.mark.parametrize("library", ["openai", "anthropic", "google-genai"])
def test_recorded_bodies_yield_the_same(library: str, bodies: list[tuple[str, str, bytes]]) -> None:
    assert len(bodies) > 330
    bodies = [body for body in bodies if LIBRARIES[body[0]] == library]
    random = Random(4)
    cuts = [cut(body, random) for _, _, body in bodies]
    plain = [read_stream(sdk, [readable(sdk, body)]) for sdk, _, body in bodies]
    with ssescan.accelerate() as acceleration:
        whole = [read_stream(sdk, [body]) for sdk, _, body in bodies]
        in_pieces = [read_stream(sdk, chunks) for (sdk, _, _), chunks in zip(bodies, cuts, strict=True)]
    for (sdk, file, _), expected, *others in zip(bodies, plain, whole, in_pieces, strict=True):
        for found in others:
            assert found == expected, (sdk, file)
    assert acceleration.events[library] > 100


@pytest.mark.parametrize("library", ["openai", "anthropic", "google-genai"])
def test_recorded_bodies_yield_the_same_async(library: str, bodies: list[tuple[str, str, bytes]]) -> None:
    random = Random(5)
    chosen = [entry for entry in bodies if LIBRARIES[entry[0]] == library and len(entry[2]) < 40_000]
    cuts = [cut(body, random) for _, _, body in chosen]
    plain = [read_stream(sdk, [readable(sdk, body)]) for sdk, _, body in chosen]
    with ssescan.accelerate():
        found = [read_stream_async(sdk, chunks) for (sdk, _, _), chunks in zip(chosen, cuts, strict=True)]
    plain_async = [read_stream_async(sdk, [readable(sdk, body)]) for sdk, _, body in chosen]
    for (sdk, file, _), expected, expected_async, given in zip(chosen, plain, plain_async, found, strict=True):
        assert given == expected_async, (sdk, file)
        assert given[:-1] == expected[:-1], (sdk, file)


def test_model_dump_is_the_same(payloads: dict[str, list[tuple[str, Any]]]) -> None:
    random = Random(6)
    for sdk in ("openai-chat", "openai-responses", "anthropic", "gemini"):
        events = payloads[sdk] + [(name, mutated(value, random)) for name, value in payloads[sdk]]
        chunks = [[body_of(name, value, random)] for name, value in events]
        plain = [dump_stream(sdk, [readable(sdk, body)]) for (body,) in chunks]
        with ssescan.accelerate():
            assert [dump_stream(sdk, body) for body in chunks] == plain


def body_of(name: str, value: Any, random: Random) -> bytes:
    text = json.dumps(value, ensure_ascii=random.random() < 0.5)
    head = "" if name == "message" else f"event: {name}\n"
    return f"{head}data: {text}\n\n".encode("utf-8", "surrogatepass")


@pytest.mark.parametrize("sdk", MUTATIONS)
def test_mutated_events_yield_the_same(
    sdk: str, payloads: dict[str, list[tuple[str, Any]]], pytestconfig: pytest.Config
) -> None:
    seed = f"mutations of {sdk}"
    count = int((pytestconfig.getoption("--mutations") or 0) * SHARES[sdk]) or MUTATIONS[sdk]
    random = Random(seed)
    print(f"{count} mutations of {sdk}, seed {seed!r}")
    chunks = []
    for _ in range(count):
        name, value = random.choice(payloads[sdk])
        chunks.append(body_of(name, mutated(value, random), random))
    plain = [read_stream(sdk, [readable(sdk, body)]) for body in chunks]
    with ssescan.accelerate():
        found = [read_stream(sdk, [body]) for body in chunks]
    differing = [
        (body, expected, given) for body, expected, given in zip(chunks, plain, found, strict=True) if expected != given
    ]
    assert not differing, f"{len(differing)} of {count} with seed {seed!r}, the first: {differing[0]}"
    assert sum(bool(one) and not isinstance(one[-1], ErrorSnapshot) for one in plain) > count // 5


JSON = {
    "openai-chat": (
        "",
        '{"id":"c","object":"chat.completion.chunk","created":%s,"choices":[{"index":0,"delta":{"content":%s}}],"extra":%s}',
    ),
    "openai-responses": (
        "event: response.output_text.delta\n",
        '{"type":"response.output_text.delta","output_index":0,"content_index":%s,"item_id":"i","delta":%s,"extra":%s}',
    ),
    "anthropic": (
        "event: content_block_delta\n",
        '{"type":"content_block_delta","index":%s,"delta":{"type":"text_delta","text":%s},"extra":%s}',
    ),
    "interactions": (
        "event: step.delta\n",
        '{"event_type":"step.delta","index":%s,"delta":{"type":"text","text":%s},"extra":%s}',
    ),
    "gemini": ("", '{"candidates":[{"index":%s,"content":{"role":"model","parts":[{"text":%s}]}}],"extra":%s}'),
}
# Texts that one JSON parser accepts and another refuses, or reads differently.
NUMBERS = (
    "0", "-0", "-0.0", "1e2", "1E+2", "1.0", "0.1", "1e400", "-1e400", "NaN", "Infinity", "-Infinity", "9007199254740993",
    "18446744073709551616", "-9223372036854775809", "123456789012345678901234567890", "1" * 4300, "1" * 4301, "01", "1.",
    ".5", "+1", "0x10", "1_000", "1e", "--1", "true", "null", "1e-400", "2.2250738585072011e-308", "4.9e-324",
    "0.1000000000000000055511151231257827", "1.7976931348623159e308",
)  # fmt: skip
STRINGS = (
    '""', '"a"', r'"\ud83d\ude00"', r'"\ud83d"', r'"\ude00\ud83d"', '"\u2028\u2029\x85"', r'"\u0000"', '"\x01"', '"\t"',
    '"\x7f"', r'"\/"', r'"\x41"', r'"\u00e9"', "'a'", '"a', '"\\', '"\ufeff"', '"\U0001f600"', r'"\uD83D\u0041"', '"\x00"',
)  # fmt: skip
VALUES = (
    "{}", "[]", '{"a":1,"a":2}', '{"a":{"b":[1,2,{"c":null}]}}', "[1,]", "{,}", '{"a":1,}', "[1 2]", "/* */ 1", "1 // 2",
    "True", "None", "undefined", "[" * 150 + "]" * 150, "[" * 250 + "]" * 250, "[" * 3000 + "]" * 3000,
    '{"a":' * 300 + "1" + "}" * 300, '"' + "x" * 100_000 + '"',
)  # fmt: skip


@pytest.mark.parametrize("sdk", JSON)
def test_json_that_parsers_disagree_on(sdk: str) -> None:
    name, template = JSON[sdk]
    texts = [template % (number, '"t"', "1") for number in NUMBERS]
    texts += [template % ("0", text, "1") for text in STRINGS]
    texts += [template % ("0", '"t"', value) for value in (*NUMBERS, *STRINGS, *VALUES)]
    whole = template % ("0", '"t"', "1")
    texts += [
        f" {whole} ",
        f"{whole} x",
        f"{whole}{whole}",
        "\ufeff" + whole,
        "null",
        "1",
        '"text"',
        "[]",
        "{}",
        "true",
    ]
    texts += [whole.replace('"index":0', '"index":0,"index":1'), whole.replace('"t"', '"t","text":"u"'), "NaN"]
    chunks = [f"{name}data: {text}\n\n".encode() for text in texts]
    plain = [read_stream(sdk, [readable(sdk, body)]) for body in chunks]
    with ssescan.accelerate():
        for body, expected in zip(chunks, plain, strict=True):
            assert read_stream(sdk, [body]) == expected, body[:300]


VALUES_OF_ONE = (0, '"t"', 1)
ONE = {sdk: f"{name}data: {template % VALUES_OF_ONE}\n\n".encode() for sdk, (name, template) in JSON.items()}


@pytest.mark.parametrize("sdk", ONE)
@pytest.mark.parametrize(
    "error_class",
    ["ReadError", "ReadTimeout", "RemoteProtocolError", "RuntimeError"],
)
def test_broken_connection_raises_the_same(sdk: str, error_class: str) -> None:
    error = getattr(http_library(sdk), error_class, RuntimeError)("broken")
    for chunks in ([], [ONE[sdk]], [ONE[sdk], b"data: {"], [ONE[sdk], ONE[sdk][:-1]]):
        plain, plain_async = read_stream(sdk, chunks, error), read_stream_async(sdk, chunks, error)
        with ssescan.accelerate():
            assert read_stream(sdk, chunks, error) == plain
            assert read_stream_async(sdk, chunks, error) == plain_async
        assert isinstance(plain[-1], ErrorSnapshot)


ENDS = {
    "openai-chat": [
        b"data: [DONE]\n\n", b"data: [DONE] and more\n\n", b"data:[DONE]\n\n", b"data: [DONE]", b"data: [DO\n\n",
        b'data: {"error":{"message":"overloaded","code":529,"type":"e"}}\n\n', b'data: {"error":"text"}\n\n',
        b'data: {"error":null}\n\n', b'data: {"error":{}}\n\n', b'data: {"error":{"message":5}}\n\n',
        b'event: error\ndata: {"error":{"message":"m"}}\n\n', b'event: error\ndata: {"message":"m"}\n\n',
        b'event: thread.run.created\ndata: {"id":"run","object":"thread.run"}\n\n',
        b'event: thread.message.delta\ndata: {"error":{"message":"m"}}\n\n', b"data: \n\n", b"data: x\n\n",
        b"data: null\n\n", b"data: 5\n\n", b"data: []\n\n", b'data: [{"id":"a"},5]\n\n', b"event: x\ndata: {}\n\n",
        b'event: keepalive\ndata: {"type":"keepalive","sequence_number":3}\n\n',
    ],
    "anthropic": [
        b'event: ping\ndata: {"type":"ping"}\n\n', b"event: ping\ndata: not json\n\n", b'data: {"type":"message_stop"}\n\n',
        b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n',
        b"event: error\n\n", b"event: error\nid: 5\n\n", b"event: error\ndata: not json\n\n", b"event: error\ndata: \n\n", b"event: x\ndata: \n\n", b"event: x\ndata: y\n\n",
        b'event: message_stop\ndata: {"type":"message_stop"}\n\n', b"event: x\ndata: null\n\n", b"event: x\ndata: 5\n\n",
        b"event: x\ndata: [DONE]\n\n", b'event: x\ndata: {"type":"no_such_type","a":{"b":1}}\n\n', b"event:\ndata: {}\n\n",
    ],
    "gemini": [
        b'data: {"error":{"code":503,"message":"overloaded","status":"UNAVAILABLE"}}\n\n', b'data: {"error":{}}\n\n',
        b'data: {"error":"text"}\n\n', b'{"error":{"code":400,"message":"m","status":"INVALID_ARGUMENT"}}\n',
        b'{\n  "error": {\n    "code": 429,\n    "message": "quota {",\n    "status": "RESOURCE_EXHAUSTED"\n  }\n}\n',
        b'[{\n  "error": {\n    "code": 429\n  }\n}\n]', b'{"candidates":[{"content":{"parts":[{"text":"raw"}]}}]}\n',
        b'{"candidates":[{"content":{"parts":[{"text":"raw"}]}}]}', b'data: {"candidates":[]}', b'data: {"candidates":[]}\n',
        b'{"cut', b"data: \n\n", b"data: x\n\n", b"data: null\n\n", b"data: 5\n\n", b"data: []\n\n", b"}\n", b"{\n",
        b'data: {"candidates":[{"finishReason":"NO_SUCH_REASON"}]}\n\n', b'data: {"a":1}\ndata: {"b":2}\n\n',
        b'data: {"candidates":\ndata: []}\n\n', b'data: {"candidates":[]}\n{"promptFeedback":{}}\n\n', b"<html>\n", b"\n\n",
        b'data: {"candidates":[]}\r\n\r\ndata: {"usageMetadata":{"promptTokenCount":1}}\r\n\r\n', b'{\n"a": 1\n',
    ],
}  # fmt: skip
ENDS["openai-responses"] = ENDS["openai-chat"]
ENDS["interactions"] = [b"data: null\n\n", b"data: 5\n\n", b"data: []\n\n", b"data: x\n\n", b"data: [DONE]\n\n"]


@pytest.mark.parametrize("sdk", ENDS)
def test_ends_and_unusual_events(sdk: str) -> None:
    chunks = [
        body for end in ENDS[sdk] for body in (end, ONE[sdk] + end, end + ONE[sdk], ONE[sdk] + end + end + ONE[sdk])
    ]
    plain = [(read_stream(sdk, [body]), read_stream_async(sdk, [body])) for body in chunks]
    with ssescan.accelerate():
        for body, expected in zip(chunks, plain, strict=True):
            assert (read_stream(sdk, [body]), read_stream_async(sdk, [body])) == expected, body
            assert read_stream(sdk, [body[at : at + 1] for at in range(len(body))]) == expected[0], body


def test_warnings_are_the_same() -> None:
    sdk = "gemini"
    body = ONE[sdk].replace(b'"index":0', b'"index":0,"finishReason":"NO_SUCH_REASON"') * 2

    def warnings_of_stream() -> list[str]:
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always")
            read_stream(sdk, [body])
        return [str(one.message) for one in found]

    plain = warnings_of_stream()
    assert plain
    with ssescan.accelerate():
        assert warnings_of_stream() == plain
