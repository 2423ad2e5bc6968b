"""The official SDKs read every tape in their own format from one server, and meet every fault."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import anthropic
import google.genai.errors
import httpx
import httpx2
import openai
import pytest

import ssescan
from ssescan.testing import Tape, replay_server
from ssescan.testing.playback import FAULTS_HEADER

from .sdks import ASKED, READERS, Found
from .streams import APIS, EVENT_STREAM, READ, pieces_of, stream_of

WAIT = 20.0  # seconds
SHORT = 0.3  # seconds, for stalls: the test waits as long
# google-genai leaves its aiohttp session, or its threads, to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")


def tape_of(api: str) -> Tape:
    return Tape(pieces_of(stream_of(api), 300), status=200, headers=EVENT_STREAM)


@pytest.mark.parametrize("recorded", READ)
def test_every_sdk_reads_one_tape_of_one_server(recorded: str) -> None:
    expected = ssescan.stream(tape_of(recorded)).collect()
    calls = [(call.name, json.loads(call.arguments)) for call in expected.tool_calls]
    assert expected.usage is not None
    with replay_server(tape_of(recorded)) as server:
        for api, read in READERS.items():
            for chunk in ("event", "random:5"):
                found = Found()
                read(server.url, found, WAIT, {FAULTS_HEADER: f"chunk={chunk}"})
                usage = expected.usage.input, expected.usage.output
                assert (found.text, found.calls, found.usage) == (expected.text, calls, usage), (api, chunk)


BROKEN: dict[str, tuple[type[Exception], type[Exception], type[Exception]]] = {
    # After a cut, a reset and a stall. openai wraps the errors of its transport, the others do not.
    "openai-chat": (openai.APIConnectionError, openai.APIConnectionError, openai.APITimeoutError),
    "openai-responses": (openai.APIConnectionError, openai.APIConnectionError, openai.APITimeoutError),
    "anthropic": (httpx2.RemoteProtocolError, httpx2.ReadError, httpx2.ReadTimeout),
    "gemini": (httpx2.RemoteProtocolError, httpx2.ReadError, httpx2.ReadTimeout),
}
FAULTS = ("cut_at", "reset_at", "stall_at")


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("api", APIS)
def test_sdk_meets_faults(api: str, fault: str) -> None:
    place = len(stream_of(api)) * 2 // 3
    faults: dict[str, Any] = {fault: place}
    # On a busy machine, the short time may pass before the answer begins.
    timeouts = (SHORT, WAIT) if fault == "stall_at" else (WAIT,)
    with replay_server(tape_of(api), **faults) as server:
        for header in ({}, {FAULTS_HEADER: f"{fault.replace('_', '-')}={place}; chunk=random:3"}):
            for timeout in timeouts:
                found = Found()
                with pytest.raises(BROKEN[api][FAULTS.index(fault)]):
                    READERS[api](server.url, found, timeout, header)
                if found.chunks > 1:  # what came before the fault was read
                    break
            else:
                pytest.fail("nothing was read before the fault")
        found = Found()
        READERS[api](server.url, found, WAIT, {FAULTS_HEADER: f"{fault.replace('_', '-')}=1000000"})
        assert found.text == ssescan.stream(tape_of(api)).collect().text


STATUS_ERRORS: dict[str, tuple[type[Exception], type[Exception]]] = {
    "openai-chat": (openai.RateLimitError, openai.InternalServerError),
    "openai-responses": (openai.RateLimitError, openai.InternalServerError),
    "anthropic": (anthropic.RateLimitError, anthropic.InternalServerError),
    "gemini": (google.genai.errors.ClientError, google.genai.errors.ServerError),
}


@pytest.mark.parametrize("api", APIS)
def test_sdk_meets_an_error_status(api: str) -> None:
    for status, error in zip((429, 503), STATUS_ERRORS[api], strict=True):
        with replay_server(tape_of("openai-chat"), status=status) as server:
            for header in ({}, {FAULTS_HEADER: f"status={status}"}):
                with pytest.raises(error) as caught:
                    READERS[api](server.url, Found(), WAIT, header)
                assert f"status {status}" in str(caught.value)


@pytest.mark.parametrize("api", APIS)
def test_ours_says_how_each_fault_ended_it(api: str) -> None:
    data = stream_of(api)
    place = len(data) * 2 // 3
    for fault, error in (
        ("cut_at", httpx.RemoteProtocolError),
        ("reset_at", httpx.ReadError),
        ("stall_at", httpx.ReadTimeout),
    ):
        faults: dict[str, Any] = {fault: place}
        with replay_server(tape_of(api), **faults) as server:
            with httpx.stream(
                "POST", f"{server.url}/", trust_env=False, timeout=SHORT if fault == "stall_at" else WAIT
            ) as response:
                parts = ssescan.stream(response)
                with pytest.raises(error):
                    list(parts)
        assert (parts.outcome, parts.message.complete, parts.bytes_read) == ("failed", False, place)
    # A tape that ends too early, at the end of an event: the connection ends well, and only the answer shows it.
    cut = (
        data[: data.rindex(b"\n\n", 0, place) + 2]
        if b"\r\n" not in data
        else data[: data.rindex(b"\r\n\r\n", 0, place) + 4]
    )
    with replay_server(Tape([cut])) as server:
        with httpx.stream("POST", f"{server.url}/", trust_env=False, timeout=WAIT) as response:
            parts = ssescan.stream(response)
            with pytest.raises(ssescan.StreamCut):
                list(parts)


@pytest.mark.parametrize("api", APIS)
def test_answers_without_a_stream(api: str) -> None:
    expected = ssescan.stream(tape_of("anthropic")).collect()
    arguments = json.loads(expected.tool_calls[0].arguments)
    with replay_server(tape_of("anthropic")) as server:
        if api == "openai-chat":
            with openai.OpenAI(api_key="none", base_url=f"{server.url}/v1", max_retries=0) as client:
                chat = client.chat.completions.create(model="m", messages=[{"role": "user", "content": "Hello!"}])
            calls: Any = chat.choices[0].message.tool_calls
            got = chat.choices[0].message.content, json.loads(calls[0].function.arguments)
        elif api == "openai-responses":
            with openai.OpenAI(api_key="none", base_url=f"{server.url}/v1", max_retries=0) as client:
                response = client.responses.create(model="m", input="Hello!")
            item: Any = response.output[-1]
            got = response.output_text, json.loads(item.arguments)
        elif api == "anthropic":
            with anthropic.Anthropic(api_key="none", base_url=server.url, max_retries=0) as asking:
                message: Any = asking.messages.create(
                    model="m", max_tokens=9, messages=[{"role": "user", "content": "Hi"}]
                )
            got = message.content[0].text, message.content[-1].input
        else:
            options = google.genai.types.HttpOptions(base_url=server.url)
            with google.genai.Client(api_key="none", http_options=options) as generating:
                content: Any = generating.models.generate_content(model="m", contents="Hello!")
            parts = content.candidates[0].content.parts
            got = parts[0].text, parts[-1].function_call.args
    assert got == (expected.text, arguments)


@pytest.mark.parametrize("api", ["openai-chat", "anthropic", "gemini"])
def test_asynchronous_sdks_read_it_too(api: str) -> None:
    async def main(url: str) -> str:
        if api == "openai-chat":
            async with openai.AsyncOpenAI(api_key="none", base_url=f"{url}/v1", max_retries=0) as client:
                chunks = await client.chat.completions.create(model="m", messages=ASKED, stream=True)
                return "".join([chunk.choices[0].delta.content or "" async for chunk in chunks if chunk.choices])
        if api == "anthropic":
            async with anthropic.AsyncAnthropic(api_key="none", base_url=url, max_retries=0) as asking:
                async with asking.messages.stream(model="m", max_tokens=9, messages=ASKED) as stream:
                    return "".join([text async for text in stream.text_stream])
        options = google.genai.types.HttpOptions(base_url=url)
        async with google.genai.Client(api_key="none", http_options=options).aio as generating:
            answers = await generating.models.generate_content_stream(model="m", contents="Hello!")
            return "".join([answer.text or "" async for answer in answers])

    with replay_server(tape_of("openai-responses"), chunk="random:3") as server:
        text = asyncio.run(main(server.url))
    assert text == ssescan.stream(tape_of("openai-responses")).collect().text
