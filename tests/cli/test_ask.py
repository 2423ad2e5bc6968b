"""`ssescan ask`: the request of each API, its answer as it arrives, the times, and each fault of a server."""

import json
import os
import re
import signal
import threading
from importlib.resources import files
from typing import Any

import pytest

from ssescan.cli.asking import ASKED_APIS
from ssescan.cli.summaries import percentile
from ssescan.testing import Tape, replay_server
from ssescan.testing.playback import FAULTS_HEADER

from .answers import CUT, ENDED, FAILED, INTERRUPTED, PROVIDER, REFUSED, STOP, USAGE, WHOLE, chunk, error_line, text
from .processes import RunHere, Server, close_pipe_early, running

STREAMS = files("ssescan.cli").joinpath("streams")
CHAT = STREAMS.joinpath("openai-chat.sse").read_bytes()
KEY = "sk-proj-0123456789SECRET"
PATHS = {
    "openai-chat": "/v1/chat/completions",
    "openai-responses": "/v1/responses",
    "anthropic": "/v1/messages",
    "gemini": "/v1beta/models/m/x:streamGenerateContent",
    "gemini-interactions": "/v1beta/interactions",
}
USER = {"role": "user", "content": "Hi é"}
BODIES: dict[str, dict[str, Any]] = {
    "openai-chat": {"model": "m/x", "messages": [USER], "stream": True, "stream_options": {"include_usage": True}},
    "openai-responses": {"model": "m/x", "input": "Hi é", "stream": True},
    "anthropic": {"model": "m/x", "max_tokens": 4096, "messages": [USER], "stream": True},
    "gemini": {"contents": [{"role": "user", "parts": [{"text": "Hi é"}]}]},
    "gemini-interactions": {"model": "m/x", "input": "Hi é", "stream": True},
}
LIMITS: dict[str, dict[str, Any]] = {
    "openai-chat": {"max_completion_tokens": 7},
    "openai-responses": {"max_output_tokens": 7},
    "anthropic": {"max_tokens": 7},
    "gemini": {"generationConfig": {"maxOutputTokens": 7}},
    "gemini-interactions": {"generation_config": {"max_output_tokens": 7}},
}
INTERACTION = b"".join(
    b"event: %s\ndata: %s\n\n" % (name.encode(), json.dumps({"event_type": name} | fields).encode())
    for name, fields in (
        ("interaction.created", {"interaction": {"id": "i", "model": "m", "status": "in_progress"}}),
        ("step.start", {"index": 0, "step": {"type": "model_output"}}),
        ("step.delta", {"index": 0, "delta": {"type": "text", "text": "Hello"}}),
        ("step.stop", {"index": 0}),
        ("interaction.completed", {"interaction": {"id": "i", "model": "m", "status": "completed"}}),
    )
)


@pytest.fixture(autouse=True)
def without_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove the keys and the base URLs of the environment."""
    for api in ASKED_APIS.values():
        for name in (*api.key_variables, api.base_variable):
            monkeypatch.delenv(name, raising=False)


def stream_of(api: str) -> bytes:
    return INTERACTION if api == "gemini-interactions" else STREAMS.joinpath(f"{api}.sse").read_bytes()


@pytest.mark.parametrize("api", list(PATHS))
def test_request_is_what_the_api_wants(api: str, server: Server, run_here: RunHere) -> None:
    url = server.answers_with(stream_of(api), path=PATHS[api])
    base = url.removesuffix(PATHS[api])
    done = run_here("ask", "Hi é", "--api", api, "--url", base, "--model", "m/x")
    assert (done.status, done.out) == (ENDED, run_here("read", stdin=stream_of(api)).out)
    (received,) = server.received
    assert (received.method, json.loads(received.body)) == ("POST", BODIES[api])
    assert received.path == PATHS[api] + ("?alt=sse" if api.startswith("gemini") else "")
    assert received.all("content-type") == ["application/json"]
    assert received.all("accept") == ["text/event-stream"]
    assert received.all("anthropic-version") == (["2023-06-01"] if api == "anthropic" else [])
    for name in ("authorization", "x-api-key", "x-goog-api-key"):
        assert received.all(name) == []


@pytest.mark.parametrize("api", list(PATHS))
def test_limit_of_tokens(api: str, server: Server, run_here: RunHere) -> None:
    url = server.answers_with(stream_of(api), path=PATHS[api])
    run_here("ask", "Hi é", "--url", url, "--api", api, "--model", "m/x", "--max-tokens", "7")
    assert json.loads(server.received[0].body) == BODIES[api] | LIMITS[api]


@pytest.mark.parametrize(
    ("api", "variable", "header", "value"),
    [
        ("openai-chat", "OPENAI_API_KEY", "authorization", f"Bearer {KEY}"),
        ("openai-responses", "OPENAI_API_KEY", "authorization", f"Bearer {KEY}"),
        ("anthropic", "ANTHROPIC_API_KEY", "x-api-key", KEY),
        ("gemini", "GEMINI_API_KEY", "x-goog-api-key", KEY),
        ("gemini", "GOOGLE_API_KEY", "x-goog-api-key", KEY),
        ("gemini-interactions", "GEMINI_API_KEY", "x-goog-api-key", KEY),
    ],
)
def test_key_of_the_environment(
    api: str, variable: str, header: str, value: str, server: Server, run_here: RunHere, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = server.answers_with(stream_of(api), path=PATHS[api])
    monkeypatch.setenv(variable, f" {KEY}\n")
    monkeypatch.setenv("OTHER", "other-key")
    ask = ("ask", "Hi", "--url", url, "--api", api)
    for options in ((), ("--key-env", "OTHER"), ("-H", f"{header.title()}: mine"), ("-H", f"{header}:")):
        assert run_here(*ask, *options).status == ENDED
    sent = [received.all(header) for received in server.received]
    assert sent == [[value], [value.replace(KEY, "other-key")], ["mine"], []]


@pytest.mark.parametrize(
    ("api", "given", "path"),
    [
        ("openai-chat", "", "/v1/chat/completions"),
        ("openai-chat", "/", "/v1/chat/completions"),
        ("openai-chat", "/v1", "/v1/chat/completions"),
        ("openai-chat", "/v1/", "/v1/chat/completions"),
        ("openai-chat", "/api/paas/v4", "/api/paas/v4/chat/completions"),
        ("openai-chat", "/v1beta/openai", "/v1beta/openai/chat/completions"),
        ("openai-chat", "/openai/deployments/d/chat/completions?api-version=1", None),
        ("anthropic", "", "/v1/messages"),
        ("anthropic", "/gateway", "/gateway/v1/messages"),
        ("anthropic", "/gateway/v1", "/gateway/v1/messages"),
        ("gemini", "/v1", "/v1/models/m:streamGenerateContent?alt=sse"),
        ("gemini", "/x?key=k", "/x/v1beta/models/m:streamGenerateContent?key=k"),
        ("gemini", "/v1beta/models/other:streamGenerateContent?alt=sse", None),
    ],
)
def test_url_of_server_api_or_request(api: str, given: str, path: str | None) -> None:
    for base in ("http://127.0.0.1:9", "https://host.example"):
        assert ASKED_APIS[api].url(base + given, "m", {}) == base + (given if path is None else path)
    assert ASKED_APIS[api].url("localhost:80" + given, "m", {}).startswith("http://localhost:80/")


@pytest.mark.parametrize("api", list(PATHS))
def test_default_urls_are_the_providers(api: str) -> None:
    hosts = {"o": "api.openai.com", "a": "api.anthropic.com", "g": "generativelanguage.googleapis.com"}
    url = ASKED_APIS[api].url(None, "m/x", {})
    assert url.partition("?")[0] == f"https://{hosts[api[0]]}{PATHS[api]}"


def test_base_url_of_the_environment(server: Server, run_here: RunHere, monkeypatch: pytest.MonkeyPatch) -> None:
    url = server.answers_with(CHAT, path="/v1/chat/completions")
    monkeypatch.setenv("OPENAI_BASE_URL", url.removesuffix("/chat/completions"))
    assert run_here("ask", "Hi").status == ENDED


def test_path_of_the_url_names_the_api(server: Server, run_here: RunHere) -> None:
    run_here("ask", "Hi", "--url", server.answers_with(stream_of("anthropic"), path="/v1/messages"))
    assert server.received[0].all("anthropic-version") == ["2023-06-01"]


def test_prompt_from_standard_input(server: Server, run_here: RunHere) -> None:
    run_here("ask", "-", "--url", server.answers_with(CHAT, path="/chat/completions"), stdin="Why\né?\n".encode())
    assert json.loads(server.received[0].body)["messages"] == [{"role": "user", "content": "Why\né?\n"}]


def test_last_lines_have_tokens_times_and_gaps(server: Server, run_here: RunHere) -> None:
    body = text("He", "llo") + STOP
    done = run_here("ask", "Hi", "--url", server.answers_with(body, path="/chat/completions"))
    time = r"[\d,]+(\.\d)? ms"
    assert re.fullmatch(
        "-- stop, no usage, 3 events, complete\n"
        rf"-- first byte after {time}, first part after {time}, end after {time}"
        "\n"
        rf"-- gaps between 2 parts: p50 {time}, p90 {time}, p99 {time}, largest {time}"
        "\n",
        done.err,
    )
    done = run_here("ask", "Hi", "--url", server.answers_with(WHOLE, path="/chat/completions"))
    assert "-- stop, 1,200 tokens in, 34 out (8 reasoning), 5 events, complete\n" in done.err
    assert re.search(r"end after [\d.,]+ ms, [\d.,]+ tokens/s\n", done.err)


@pytest.mark.parametrize(("percent", "value"), [(1, 1), (50, 2), (51, 3), (75, 3), (90, 4), (99, 4), (100, 4)])
def test_percentiles_are_of_the_nearest_rank(percent: int, value: int) -> None:
    assert percentile([1, 2, 3, 4], percent) == value
    assert percentile([value], percent) == value


def test_json_and_message_are_those_of_read(server: Server, run_here: RunHere) -> None:
    url = server.answers_with(WHOLE, path="/chat/completions")
    done = run_here("ask", "Hi", "--json", "--url", url)
    assert [json.loads(line)["type"] for line in done.out.splitlines()] == [
        "Start", "TextDelta", "TextDelta", "Usage", "Finish", "End",
    ]  # fmt: skip
    assert done.err.startswith("-- stop, 1,200 tokens in")
    assert json.loads(run_here("ask", "Hi", "--message", "--url", url).out)["text"] == "Hello é"


def test_reading_options_are_those_of_read(server: Server, run_here: RunHere) -> None:
    url = server.answers_with(text("<think>Hm.</think>Yes") + b"data: [DONE]\n\n", path="/chat/completions")
    done = run_here("ask", "Hi", "--url", url, "--think-tags", "--accept-done")
    assert (done.status, done.out) == (ENDED, b"Yes\n")
    assert run_here("ask", "Hi", "--url", url).status == CUT


def test_answer_is_printed_as_it_arrives(server: Server) -> None:
    go_on = threading.Event()
    url = server.answers_with(text("first"), go_on.wait, text(" second") + STOP, path="/chat/completions")
    with running("ask", "Hi", "--url", url) as process:
        assert process.stdout is not None
        assert process.stdout.read(5) == b"first"  # the server waits for this
        go_on.set()
        assert (process.stdout.read(), process.wait()) == (b" second\n", ENDED)


FAULTS: list[tuple[dict[str, Any], int, str]] = [
    ({"cut_at": 2000}, FAILED, "without sending complete message body"),
    ({"reset_at": 2000}, FAILED, "Connection reset"),
    ({"stall_at": 2000}, FAILED, "none came in time"),
    ({"status": 400}, REFUSED, "check --url, --api and --model"),
    ({"status": 401}, REFUSED, "check the key (--key-env, -H)"),
    ({"status": 404}, REFUSED, "check --url, and the name of the model (--model)"),
    ({"status": 429}, REFUSED, "it may work later"),
    ({"status": 503}, REFUSED, "it may work later"),
]


@pytest.mark.parametrize(("fault", "status", "said"), FAULTS, ids=[str(fault) for fault, *_ in FAULTS])
def test_each_fault_has_its_status(fault: dict[str, Any], status: int, said: str, run_here: RunHere) -> None:
    # Of the server, and of one request: then in other chunks too.
    ((name, value),) = fault.items()
    header = f"{FAULTS_HEADER}: {name.replace('_', '-')}={value}; chunk="
    idle = ("--idle", "0.5") if name == "stall_at" else ()
    for api, options, header_of in (
        ("openai-chat", fault, ()),
        ("anthropic", fault, ()),
        ("openai-responses", {}, ("-H", f"{header}event")),
        ("gemini", {}, ("-H", f"{header}random:1")),
    ):
        with replay_server(Tape([CHAT]), **options) as replayed:
            done = run_here("ask", "Hi", "--api", api, "--url", replayed.url, *idle, *header_of)
        assert done.status == status, api
        assert said in error_line(done)
        assert bool(done.out) == (status == FAILED)  # what came is printed
        assert ("-- no finish reason, " in done.err) == (status == FAILED)
        assert "failed\n-- first byte after " in done.err or status == REFUSED


@pytest.mark.parametrize("api", ["openai-chat", "openai-responses", "anthropic", "gemini"])
def test_chunks_do_not_matter(api: str, run_here: RunHere) -> None:
    expected = run_here("read", stdin=CHAT).out
    with replay_server(Tape([CHAT])) as replayed:
        for chunk in ("1", "event", "random:3"):
            done = run_here("ask", "Hi", "--api", api, "--url", replayed.url, "-H", f"{FAULTS_HEADER}: chunk={chunk}")
            assert (done.status, done.out) == (ENDED, expected)


def test_answers_that_end_too_early(run_here: RunHere) -> None:
    cut = Tape([CHAT[: CHAT.rindex(b"\n\n", 0, 5000) + 2]])
    for api, status in (("openai-chat", CUT), ("anthropic", PROVIDER)):  # an error of that API
        with replay_server(cut) as replayed:
            done = run_here("ask", "Hi", "--api", api, "--url", replayed.url)
        assert (done.status, bool(done.out)) == (status, True)


@pytest.mark.parametrize("status", [200, 401])
def test_echoed_keys_are_not_shown(
    status: int, server: Server, run_here: RunHere, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret-0123456789")
    echo = b'{"error": {"message": "wrong key: secret-0123456789"}}'
    body = chunk({"content": "key secret-0123"}) + text("456789") + STOP if status == 200 else echo
    body = body.replace(b"key secret-0123", b"key secret-0123456789")
    done = run_here("ask", "Hi", "--json", "--url", server.answers_with(body, path="/chat/completions", status=status))
    assert done.status == (ENDED if status == 200 else REFUSED)
    assert "secret-" not in done.out.decode() + done.err
    assert "key" in done.out.decode() + done.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Missing argument 'PROMPT'"),
        (("Hi",), "expected a key in the variable OPENAI_API_KEY, it is not set; --key-env names another one"),
        (("Hi", "--api", "gemini"), "the variable GOOGLE_API_KEY or GEMINI_API_KEY, it is not set"),
        (("Hi", "--api", "claude"), "did you mean 'anthropic'?"),
        (("Hi", "--key-env", "NOT_SET"), "that one is not set"),
        (("Hi", "--key-env", "TWO_LINES"), "expected a key of one line in ASCII in the variable TWO_LINES"),
        (("Hi", "--url", "ftp://host/"), "expected --url http://..., https://... or HOST:PORT, got 'ftp://host/'"),
        (("",), "expected a prompt, got an empty one"),
        (("-",), "expected a prompt, got an empty one"),
        (("Hi", "--json", "--message"), "expected one format, got --json and --message"),
        (("Hi", "--max-tokens", "0"), "--max-tokens"),
        (("Hi", "--think-tags=closed"), "expected --think-tags or --think-tags=open"),
    ],
)
def test_wrong_use(arguments: tuple[str, ...], said: str, run_here: RunHere, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWO_LINES", "a\nb")
    done = run_here("ask", *arguments)
    assert done.status == USAGE
    assert said in error_line(done)


def test_no_server_is_status_5(run_here: RunHere) -> None:
    done = run_here("ask", "Hi", "--url", "127.0.0.1:9")
    assert done.status == FAILED
    assert "expected to connect to http://127.0.0.1:9/v1/chat/completions, got" in error_line(done)


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_interrupt_is_status_130(server: Server) -> None:
    go_on = threading.Event()
    url = server.answers_with(text("first"), go_on.wait, path="/chat/completions")
    with running("ask", "Hi", "--url", url) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(5)
        process.send_signal(signal.SIGINT)
        assert process.wait() == INTERRUPTED
        said = process.stderr.read().decode()
        go_on.set()
    assert re.match(r"-- no finish reason, no usage, 1 event, closed\n-- first byte after ", said)
    assert "Traceback" not in said


@pytest.mark.skipif(os.name != "posix", reason="pipes of POSIX")
def test_closed_pipe_is_quiet(server: Server) -> None:
    go_on = threading.Event()
    url = server.answers_with(text("first"), go_on.wait, *[text("more")] * 9, STOP, path="/chat/completions")
    assert close_pipe_early(go_on, "ask", "Hi", "--url", url) == (1, b"")
