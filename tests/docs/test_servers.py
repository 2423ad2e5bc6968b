"""The programs of docs/servers.md run between the official SDKs and servers on this machine."""

from __future__ import annotations

import json
import re
import selectors
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from queue import Queue
from typing import IO, TYPE_CHECKING, Any

import anthropic
import httpx
import openai
import pytest
from cli.processes import GUARD, Server, environment, serving

from ssescan import Transcoder, stream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PAGE = Path(__file__).parents[2] / "docs" / "servers.md"
pytestmark = pytest.mark.skipif(
    not PAGE.is_file(), reason="the docs are missing: the tests run outside of the checkout"
)
RECIPE = re.compile(r"^## ([^\n]+)\n(?:(?!## )[^\n]*\n)*?```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CHAT, MESSAGES, RESPONSES = "/v1/chat/completions", "/v1/messages", "/v1/responses"
NAMES = ("Messages and Responses", "Chat in front of Anthropic", "An inference server", "A relay")
WEATHER = {"type": "object", "properties": {"city": {"type": "string"}}}


def chunk(delta: dict[str, Any], finish: str | None = None, **fields: Any) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    head = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
    return b"data: %s\n\n" % json.dumps(head | fields).encode()


def call(arguments: str, **start: Any) -> dict[str, Any]:
    name = {"name": start.pop("name")} if start else {}
    return {"tool_calls": [{"index": 0, "function": name | {"arguments": arguments}} | start]}


HELLO = chunk({"content": "Hello "})
ANSWER = b"".join((
    chunk({"role": "assistant", "reasoning_content": "Hm."}), HELLO, chunk({"content": "you"}),
    chunk(call("", id="call_1", name="weather")), chunk(call('{"city":')), chunk(call('"Ulm"}')),
    chunk({}, "tool_calls"), chunk({}, choices=[], usage={"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13}),
    b"data: [DONE]\n\n",
))  # fmt: skip


def recipe(begin: str, url: str) -> str:
    found: str
    (found,) = [text for name, text in RECIPE.findall(PAGE.read_text(encoding="utf-8")) if name.startswith(begin)]
    return found.replace("https://example.com", url).replace("PING_SECONDS = 15", "PING_SECONDS = 0.05")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Serve what the gateways ask for."""
    server = Server()
    with serving(server):
        yield server


def keep(output: IO[str], lines: Queue[str] | None) -> None:
    """Read the output of a process, so that its pipe never fills; put its lines into the queue, if there is one."""
    for line in output:
        if lines is not None:
            lines.put(line)


@contextmanager
def started(program: str, folder: Path, *command: str, lines: Queue[str] | None = None) -> Iterator[str]:
    """Start the program of a recipe; yield its URL. `lines`: gets the lines that it prints."""
    (folder / "gateway.py").write_text(program, encoding="utf-8")
    with subprocess.Popen(
        [sys.executable, *command], cwd=folder, env=environment(PYTHONUNBUFFERED="1"), stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True,
    ) as process:  # fmt: skip
        guard = threading.Timer(5 * GUARD, process.kill)
        guard.start()
        try:
            assert process.stdout is not None
            log = ""
            for line in process.stdout:
                log += line
                if found := re.search(r"running on (http://[\d.:]+)", line, re.IGNORECASE):
                    reading = threading.Thread(target=keep, args=(process.stdout, lines), daemon=True)
                    reading.start()
                    yield found[1]
                    break
            else:
                pytest.fail(f"the gateway did not start: {log}")
        finally:
            guard.cancel()
            process.kill()


UVICORN = ("-m", "uvicorn", "gateway:app", "--port", "0", "--no-access-log")


@pytest.fixture(scope="module")
def fastapi(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    url = f"http://127.0.0.1:{server.server_port}"
    with started(recipe("Messages and Responses", url), tmp_path_factory.mktemp("fastapi"), *UVICORN) as gateway:
        yield gateway


@pytest.fixture(scope="module")
def starlette(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    url = f"http://127.0.0.1:{server.server_port}"
    with started(recipe("Chat in front of", url), tmp_path_factory.mktemp("starlette"), *UVICORN) as gateway:
        yield gateway


RUN = 'web.run_app(app, host="127.0.0.1", port=8000'
LISTEN = """
import socket
listening = socket.create_server(("127.0.0.1", 0))
print(f"Running on http://127.0.0.1:{listening.getsockname()[1]}", flush=True)

if __name__ =="""


def on_free_port(program: str) -> str:
    """Return a program of aiohttp that listens on a free port, and prints it."""
    assert RUN in program
    return program.replace(RUN, "web.run_app(app, sock=listening, print=None").replace("\nif __name__ ==", LISTEN)


@pytest.fixture(scope="module")
def inference(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    program = on_free_port(recipe("An inference server", ""))
    with started(program, tmp_path_factory.mktemp("aiohttp"), "gateway.py") as url:
        yield url


class RawServer(threading.Thread):
    """A server of one connection. `play` gets its socket once the headers of an event stream were sent."""

    def __init__(self, play: Callable[[socket.socket], None]) -> None:
        super().__init__(daemon=True)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._play = play
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"

    def run(self) -> None:
        with self._listening, self._listening.accept()[0] as connection:
            received = b""
            while b"\r\n\r\n" not in received or not received.endswith(b"}"):
                received += connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n")
            self._play(connection)


opened: list[anthropic.Anthropic | openai.OpenAI] = []


@pytest.fixture(autouse=True)
def close_clients() -> Iterator[None]:
    yield
    while opened:
        opened.pop().close()


def for_anthropic(url: str) -> anthropic.Anthropic:
    client = anthropic.Anthropic(api_key="none", base_url=url, max_retries=0, timeout=GUARD)
    opened.append(client)
    return client


def for_openai(url: str) -> openai.OpenAI:
    client = openai.OpenAI(api_key="none", base_url=f"{url}/v1", max_retries=0, timeout=GUARD)
    opened.append(client)
    return client


ASKED: dict[str, Any] = {
    "model": "m", "max_tokens": 100, "system": "Be brief.",
    "messages": [
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "c0", "name": "weather", "input": {"city": "Bonn"}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c0", "content": "rain"}]},
    ],
    "tools": [{"name": "weather", "description": "The weather", "input_schema": WEATHER}],
}  # fmt: skip


def test_every_program_has_a_test() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page.count("```python") == len(NAMES)
    for name in NAMES:
        recipe(name, "")


def test_messages_with_thinking_text_and_a_call(server: Server, fastapi: str) -> None:
    server.answers_with(ANSWER, path=CHAT)
    server.received.clear()
    with for_anthropic(fastapi).messages.stream(**ASKED) as events:
        assert "".join(events.text_stream) == "Hello you"
        message = events.get_final_message()
    assert [block.type for block in message.content] == ["thinking", "text", "tool_use"]
    assert message.content[2].input == {"city": "Ulm"}  # type: ignore[union-attr]
    assert (message.stop_reason, message.usage.output_tokens) == ("tool_use", 4)
    (request,) = server.received
    sent = json.loads(request.body)
    assert [turn["role"] for turn in sent["messages"]] == ["system", "user", "assistant", "tool"]
    assert json.loads(sent["messages"][2]["tool_calls"][0]["function"]["arguments"]) == {"city": "Bonn"}
    assert sent["tools"][0]["function"]["parameters"] == WEATHER
    assert sent["stream_options"] == {"include_usage": True}
    assert request.all("authorization") == ["Bearer ..."]


def test_messages_without_a_stream(server: Server, fastapi: str) -> None:
    server.answers_with(ANSWER, path=CHAT)
    message = for_anthropic(fastapi).messages.create(**ASKED)
    assert [block.type for block in message.content] == ["thinking", "text", "tool_use"]
    assert message.usage.input_tokens == 9


def test_responses_with_thinking_text_and_a_call(server: Server, fastapi: str) -> None:
    server.answers_with(ANSWER, path=CHAT)
    tool: Any = {"type": "function", "name": "weather", "parameters": WEATHER, "strict": False}
    items: Any = [
        {"role": "user", "content": [{"type": "input_text", "text": "Hello"}]},
        {"type": "function_call", "call_id": "c0", "name": "weather", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c0", "output": "rain"},
    ]
    server.received.clear()
    with for_openai(fastapi).responses.stream(model="m", input=items, tools=[tool], instructions="Be brief.") as events:
        for _ in events:
            pass
        made = events.get_final_response()
    assert (made.output_text, made.status) == ("Hello you", "completed")
    assert [item.type for item in made.output] == ["reasoning", "message", "function_call"]
    assert made.usage is not None
    assert made.usage.output_tokens == 4
    sent = json.loads(server.received[0].body)
    assert [turn["role"] for turn in sent["messages"]] == ["system", "user", "assistant", "tool"]
    assert for_openai(fastapi).responses.create(model="m", input="Hello").output_text == "Hello you"


def test_a_refusal_stays_one(server: Server, fastapi: str) -> None:
    body = b'{"error": {"message": "Slow down.", "type": "rate_limit_error"}}'
    server.answers_with(body, path=CHAT, status=429, content_type="application/json", headers={"Retry-After": "7"})
    with (
        pytest.raises(anthropic.RateLimitError, match="Slow down") as raised,
        for_anthropic(fastapi).messages.stream(**ASKED),
    ):
        pass
    assert raised.value.response.headers["retry-after"] == "7"
    with pytest.raises(anthropic.RateLimitError, match="Slow down"):
        for_anthropic(fastapi).messages.create(**ASKED)
    with pytest.raises(openai.RateLimitError, match="Slow down"):
        for_openai(fastapi).responses.create(model="m", input="Hello", stream=True)


def test_a_cut_answer_raises(server: Server, fastapi: str) -> None:
    server.answers_with(HELLO, path=CHAT)
    with pytest.raises(anthropic.APIError), for_anthropic(fastapi).messages.stream(**ASKED) as events:
        assert "".join(events.text_stream) == "Hello "
    with pytest.raises(anthropic.APIStatusError) as raised:
        for_anthropic(fastapi).messages.create(**ASKED)
    assert raised.value.status_code == 502


def test_pings_while_the_model_is_silent(server: Server, fastapi: str) -> None:
    pinged = threading.Event()
    server.answers_with(HELLO, lambda: pinged.wait(GUARD), ANSWER, path=CHAT)
    received = b""
    with httpx.stream("POST", fastapi + MESSAGES, json=ASKED | {"stream": True}, timeout=GUARD) as response:
        for data in response.iter_raw():
            received += data
            if received.count(b"event: ping") > 1:
                pinged.set()
    assert pinged.is_set()
    assert stream(received, "anthropic").collect().text == "Hello Hello you"


def test_a_client_that_leaves_ends_the_request(tmp_path: Path) -> None:
    closed = threading.Event()

    def play(connection: socket.socket) -> None:
        connection.sendall(HELLO)
        connection.recv(1)  # returns when the other side closes
        closed.set()

    upstream = RawServer(play)
    upstream.start()
    with started(recipe("Messages and Responses", upstream.url), tmp_path, *UVICORN) as url:
        with httpx.stream("POST", url + MESSAGES, json=ASKED | {"stream": True}, timeout=GUARD) as response:
            next(response.iter_raw())
            assert not closed.is_set()
        assert closed.wait(GUARD)


def test_a_slow_client_slows_the_model(tmp_path: Path) -> None:
    blocked, sent = threading.Event(), []
    piece = chunk({"content": "x" * 60_000})

    def play(connection: socket.socket) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
        waiting = selectors.DefaultSelector()  # not select(), which takes no file number over 1023
        waiting.register(connection, selectors.EVENT_WRITE)
        for _ in range(600):  # 36 MB, more than the other buffers of sockets
            if not blocked.is_set() and not waiting.select(2):
                blocked.set()
            connection.sendall(piece)
            sent.append(len(piece))
        connection.sendall(chunk({}, "stop") + b"data: [DONE]\n\n")
        waiting.close()
        blocked.set()

    upstream = RawServer(play)
    upstream.start()
    with (
        started(recipe("Messages and Responses", upstream.url), tmp_path, *UVICORN) as url,
        httpx.stream("POST", url + MESSAGES, json=ASKED | {"stream": True}, timeout=GUARD) as response,
    ):
        data = response.iter_raw()
        next(data)
        assert blocked.wait(GUARD)
        assert len(sent) < 500
        last = b""
        for piece_of_answer in data:
            last = (last + piece_of_answer)[-100:]
    assert b"message_stop" in last


def test_chat_in_front_of_anthropic(server: Server, starlette: str) -> None:
    transcoder = Transcoder("anthropic")
    body = transcoder.feed(ANSWER) + transcoder.close()
    server.answers_with(body[:300], body[300:], path=MESSAGES)
    server.received.clear()
    messages: Any = [
        {"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"},
        {"role": "assistant", "tool_calls": [{"id": "c0", "type": "function", "function": {"name": "weather", "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": "c0", "content": "rain"},
    ]  # fmt: skip
    tools: Any = [{"type": "function", "function": {"name": "weather", "parameters": WEATHER}}]
    client = for_openai(starlette)
    with client.chat.completions.stream(
        model="m", messages=messages, tools=tools, stream_options={"include_usage": True}
    ) as events:
        for _ in events:
            pass
        made = events.get_final_completion()
    choice = made.choices[0]
    assert (choice.message.content, choice.finish_reason) == ("Hello you", "tool_calls")
    assert choice.message.tool_calls is not None
    assert choice.message.tool_calls[0].function.arguments == '{"city":"Ulm"}'
    assert made.usage is not None
    assert made.usage.total_tokens == 13
    sent = json.loads(server.received[0].body)
    assert [turn["role"] for turn in sent["messages"]] == ["user", "assistant", "user"]
    assert (sent["system"], sent["tools"][0]["input_schema"]) == ("Be brief.", WEATHER)
    whole = client.chat.completions.create(model="m", messages=messages)
    assert whole.choices[0].message.content == "Hello you"
    server.answers_with(body[:-400], path=MESSAGES)
    with (
        pytest.raises(openai.APIError),
        client.chat.completions.create(model="m", messages=messages, stream=True) as cut,
    ):
        for _ in cut:
            pass


def test_an_inference_server_speaks_two_apis(inference: str) -> None:
    client = for_openai(inference)
    question: Any = [{"role": "user", "content": "Hello again"}]
    chunks: Any = client.chat.completions.create(model="parrot", messages=question, stream=True)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "Hello again "
    with for_anthropic(inference).messages.stream(model="parrot", max_tokens=9, messages=question) as events:
        message = events.get_final_message()
    assert [block.type for block in message.content] == ["thinking", "text"]
    assert (message.usage.input_tokens, message.usage.output_tokens) == (2, 2)
    question = [{"role": "user", "content": "to fail"}]
    with pytest.raises(openai.APIError, match="the model failed"):
        list(client.chat.completions.create(model="parrot", messages=question, stream=True))
    with pytest.raises(anthropic.NotFoundError, match="no such model"):
        for_anthropic(inference).messages.create(model="owl", max_tokens=9, messages=question)


def test_a_relay_redacts_and_counts(server: Server, tmp_path: Path) -> None:
    pieces = [chunk({"content": text}) for text in ("Write to an", "n@exam", "ple.org, ", "or call.")]
    usage = chunk({}, choices=[], usage={"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13})
    server.answers_with(*pieces, chunk({}, "stop"), usage, b"data: [DONE]\n\n", path=CHAT)
    program = recipe("A relay", f"http://127.0.0.1:{server.server_port}")
    question: Any = [{"role": "user", "content": "Hello"}]
    lines: Queue[str] = Queue()
    with started(on_free_port(program), tmp_path, "gateway.py", lines=lines) as url:
        client = for_openai(url)
        made: Any = client.chat.completions.create(model="m", messages=question, stream=True)
        texts = [one.choices[0].delta.content or "" for one in made if one.choices]
        assert "".join(texts) == "Write to [email], or call."
        server.answers_with(b'{"error":{"message":"No."}}', path=CHAT, status=403, content_type="application/json")
        with pytest.raises(openai.PermissionDeniedError, match="No"):
            client.chat.completions.create(model="m", messages=question, stream=True)
        record = json.loads(lines.get(timeout=GUARD))
    assert record == {"model": "m", "complete": True, "input": 9, "output": 4}
