"""Requests copied from browsers and written after the documentation of APIs: `ssescan read` in place of `curl`."""

import json
import os
import shutil
import subprocess
import textwrap
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from .answers import DONE, STOP, WHOLE, text
from .processes import COMMAND, GUARD, Done, Received, Server, environment

BASH = shutil.which("bash")
pytestmark = pytest.mark.skipif(BASH is None or os.name != "posix", reason="copied commands are for bash")
QUESTION = {"model": "m", "messages": [{"role": "user", "content": "What's 1 & 1?\nBriefly."}], "stream": True}


class Copied(NamedTuple):
    """A command with `BASE` as the server and `KEY` as a variable, and what the server has to receive.

    `body`: the JSON of the body, or the text of a form. `headers`: the values of some headers, an empty list for one that is missing.
    """

    command: str
    body: Any
    headers: dict[str, list[str]]
    method: str = "POST"
    path: str = "/v1/chat/completions"
    note: str | None = None  # words of the only note on stderr


JSON_TYPE = {"content-type": ["application/json"]}
COPIED = {
    "chrome": Copied(
        r"""
        curl 'BASE/backend/conversation?stream=1' \
          -H 'accept: */*' \
          -H 'accept-language: de-DE,de;q=0.9,en-US;q=0.8' \
          -H 'authorization: Bearer eyJhbGciOi.J9' \
          -H 'content-type: application/json' \
          -b 'session=abc%3D; theme=dark; _dd=a=b' \
          -H 'origin: https://chat.example' \
          -H 'priority: u=1, i' \
          -H 'referer: https://chat.example/c/6f2a' \
          -H 'sec-ch-ua: "Chromium";v="142", "Not_A Brand";v="99"' \
          -H 'sec-ch-ua-mobile: ?0' \
          -H 'sec-fetch-mode: cors' \
          -H 'user-agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/142.0.0.0 Safari/537.36' \
          --data-raw $'{"model":"m","messages":[{"role":"user","content":"What\'s 1 & 1?\\nBriefly."}],"stream":true}'
        """,
        QUESTION,
        JSON_TYPE | {
            "accept": ["*/*"], "cookie": ["session=abc%3D; theme=dark; _dd=a=b"],
            "sec-ch-ua": ['"Chromium";v="142", "Not_A Brand";v="99"'], "authorization": ["Bearer eyJhbGciOi.J9"],
        },
        path="/backend/conversation?stream=1",
    ),
    "chrome, certificate errors": Copied(
        r"""
        curl 'BASE/sse' \
          -X 'PUT' \
          -H 'Accept: text/event-stream' \
          -H 'Accept-Encoding: gzip, deflate, br, zstd' \
          -H 'Cache-Control: no-cache' \
          -H 'Connection: keep-alive' \
          -H 'Content-Length: 4711' \
          -H 'Content-Type: application/json; charset=UTF-8' \
          --data-raw '{"q":"@home"}' \
          --compressed \
          --insecure
        """,
        {"q": "@home"},
        {"content-type": ["application/json; charset=UTF-8"], "content-length": ["13"], "accept": ["text/event-stream"]},
        method="PUT",
        path="/sse",
    ),
    "chrome, an EventSource": Copied(
        """
        curl 'BASE/events?topic=a%20b' -H 'Accept: text/event-stream' -H 'Referer: http://localhost:5173/' \\
          -H 'Cache-Control: no-cache' -H 'Last-Event-ID: 42' --compressed
        """,
        None,
        {"last-event-id": ["42"], "referer": ["http://localhost:5173/"], "content-type": []},
        method="GET",
        path="/events?topic=a%20b",
    ),
    "firefox": Copied(
        r"""
        curl 'BASE/api/chat' \
          --compressed \
          -X POST \
          -H 'User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0' \
          -H 'Accept: text/event-stream' \
          -H 'Accept-Language: en-US,en;q=0.5' \
          -H 'Accept-Encoding: gzip, deflate, br, zstd' \
          -H 'Content-Type: application/json' \
          -H 'Cookie: sid=1; lang=en' \
          -H 'Sec-GPC: 1' \
          -H 'TE: trailers' \
          --data-raw '{"prompt":"hé"}'
        """,
        {"prompt": "hé"},
        JSON_TYPE | {"cookie": ["sid=1; lang=en"], "te": ["trailers"]},
        path="/api/chat",
    ),
    "firefox, over HTTP/3": Copied(
        r"""
        curl 'BASE/api/chat' \
          --http3 \
          -X POST \
          -H 'User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0' \
          -H 'Accept: */*' \
          -H 'Accept-Encoding: gzip, deflate, br, zstd' \
          -H 'Content-Type: application/json' \
          -H 'Alt-Used: chat.example' \
          --data-raw '{"prompt":"@all"}'
        """,
        {"prompt": "@all"},
        JSON_TYPE | {"accept": ["*/*"], "alt-used": ["chat.example"]},
        path="/api/chat",
    ),
    "safari": Copied(
        r"""
        curl 'BASE/api/chat' \
        -X 'POST' \
        -H 'Content-Type: application/json' \
        -H 'Accept: */*' \
        -H 'Accept-Encoding: gzip, deflate, br' \
        -H 'Content-Length: 15' \
        -H 'User-Agent: Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 Version/26.1 Safari/605.1.15' \
        --data-binary '{"prompt":"1+1"}'
        """,
        {"prompt": "1+1"},
        JSON_TYPE | {"content-length": ["16"]},
        path="/api/chat",
    ),
    "chat completions": Copied(
        r"""
        curl BASE/v1/chat/completions \
          -H "Content-Type: application/json" \
          -H "Authorization: Bearer $KEY" \
          -d '{
            "model": "m",
            "messages": [
              {"role": "user", "content": "Hello!"}
            ],
            "stream": true
          }'
        """,
        {"model": "m", "messages": [{"role": "user", "content": "Hello!"}], "stream": True},
        JSON_TYPE | {"authorization": ["Bearer key-1"]},
    ),
    "messages": Copied(
        r"""
        curl BASE/v1/messages \
             --header "anthropic-version: 2023-06-01" \
             --header "content-type: application/json" \
             --header "x-api-key: $KEY" \
             --data \
        '{"model": "c", "max_tokens": 256, "stream": true}'
        """,
        {"model": "c", "max_tokens": 256, "stream": True},
        JSON_TYPE | {"x-api-key": ["key-1"], "anthropic-version": ["2023-06-01"]},
        path="/v1/messages",
    ),
    "generateContent": Copied(
        r"""
        curl "BASE/v1beta/models/g:streamGenerateContent?alt=sse" \
          -H "x-goog-api-key: $KEY" \
          -H 'Content-Type: application/json' \
          --no-buffer \
          -d '{"contents": [{"parts": [{"text": "Hi"}]}]}' 2> /dev/null
        """,
        {"contents": [{"parts": [{"text": "Hi"}]}]},
        JSON_TYPE | {"x-goog-api-key": ["key-1"]},
        path="/v1beta/models/g:streamGenerateContent?alt=sse",
    ),
    "a reference with --request and --url": Copied(
        r"""
        curl --request POST \
             --url BASE/api/v1/chat/completions \
             --header 'accept: application/json' \
             --header "authorization: Bearer $KEY" \
             --header 'content-type: application/json' \
             --data '{"stream": true}'
        """,
        {"stream": True},
        JSON_TYPE | {"accept": ["application/json"]},
        path="/api/v1/chat/completions",
    ),
    "postman": Copied(
        r"""
        curl --location --silent --globoff 'BASE/v1/chat/completions' \
        --header 'Content-Type: application/json' \
        --header "Authorization: Bearer $KEY" \
        --data '{
            "stream": true
        }'
        """,
        {"stream": True},
        JSON_TYPE,
    ),
    "a local server without a content type": Copied(
        """curl BASE/v1/chat/completions -d '{"model": "llama", "stream": true}'""",
        {"model": "llama", "stream": True},
        JSON_TYPE,
        note="application/json",
    ),
    "a local server without a scheme": Copied(
        """curl -N HOST/v1/chat/completions -H 'Content-Type: application/json' -d @ask.json""",
        QUESTION,
        JSON_TYPE,
        note="http://",
    ),
    "basic credentials": Copied(
        """curl -sSN -L -k -u "$KEY:" -A agent/1 -e http://page.example/ BASE/v1/runs --data-json @ask.json""",
        QUESTION,
        JSON_TYPE | {
            "authorization": ["Basic a2V5LTE6"], "user-agent": ["agent/1"], "referer": ["http://page.example/"],
        },
        path="/v1/runs",
    ),
    "a query": Copied(
        """curl --get BASE/v2/search?n=1 -d q=tides -d stream=true --user me:pw --cookie a=1 --cookie b=2""",
        None,
        {"authorization": ["Basic bWU6cHc="], "cookie": ["a=1; b=2"], "content-type": []},
        method="GET",
        path="/v2/search?n=1&q=tides&stream=true",
    ),
    "xAI": Copied(
        r"""
        curl BASE/v1/responses \
          -H "Content-Type: application/json" \
          -H "Authorization: Bearer $KEY" \
          -m 3600 \
          -d '{
            "input": [{"role": "user", "content": "What is 101*3?"}],
            "model": "m",
            "stream": true
        }'
        """,
        {"input": [{"role": "user", "content": "What is 101*3?"}], "model": "m", "stream": True},
        JSON_TYPE | {"authorization": ["Bearer key-1"]},
        path="/v1/responses",
        note="-m",
    ),
    "NVIDIA": Copied(
        r"""
        invoke_url='BASE/v1/chat/completions'
        authorization_header="Authorization: Bearer $KEY"
        accept_header='Accept: text/event-stream'
        content_type_header='Content-Type: application/json'
        data=$'{"messages": [{"role": "user", "content": "d\u00e9j\u00e0 vu?"}], "stream": true}'
        curl --silent -w "\n%{http_code}" --connect-timeout 30 --request POST \
          --url "$invoke_url" \
          --header "$authorization_header" \
          --header "$accept_header" \
          --header "$content_type_header" \
          --data "$data"
        """,
        {"messages": [{"role": "user", "content": "déjà vu?"}], "stream": True},
        JSON_TYPE | {"accept": ["text/event-stream"], "authorization": ["Bearer key-1"]},
    ),
    "Vertex AI": Copied(
        r"""
        cat << EOF > request.json
        {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]}
        EOF
        curl -X POST \
          -H "Authorization: Bearer $(echo $KEY)" \
          -H "Content-Type: application/json; charset=utf-8" \
          "BASE/v1/projects/p/locations/global/publishers/google/models/m:streamGenerateContent?alt=sse" -d @request.json
        """,
        {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]},
        {"content-type": ["application/json; charset=utf-8"], "authorization": ["Bearer key-1"]},
        path="/v1/projects/p/locations/global/publishers/google/models/m:streamGenerateContent?alt=sse",
    ),
    "Azure": Copied(
        r"""
        curl -X POST "BASE/openai/deployments/d/chat/completions?api-version=2025-04-01-preview" \
          -H "Content-Type: application/json" \
          -H "api-key: $KEY" \
          --no-buffer \
          -d "{\"messages\": [{\"role\": \"user\", \"content\": \"1 + 1\"}], \"stream\": true}"
        """,
        {"messages": [{"role": "user", "content": "1 + 1"}], "stream": True},
        JSON_TYPE | {"api-key": ["key-1"]},
        path="/openai/deployments/d/chat/completions?api-version=2025-04-01-preview",
    ),
    "Databricks": Copied(
        r"""
        curl -sS --fail-with-body -u token:$KEY -X POST \
          -H "Content-Type: application/json" \
          -d '{"messages": [{"role": "user", "content": " hello"}], "stream": true}' \
          BASE/serving-endpoints/m/invocations
        """,
        {"messages": [{"role": "user", "content": " hello"}], "stream": True},
        JSON_TYPE | {"authorization": ["Basic dG9rZW46a2V5LTE="]},
        path="/serving-endpoints/m/invocations",
    ),
    "Cloudflare": Copied(
        r"""
        curl BASE/client/v4/accounts/$ACCOUNT_ID/ai/run/@cf/meta/m \
          -X POST \
          -H "Authorization: Bearer $KEY" \
          -d '{ "stream": true, "messages": [] }'
        """,
        {"stream": True, "messages": []},
        JSON_TYPE,
        path="/client/v4/accounts//ai/run/@cf/meta/m",
        note="application/json",
    ),
    "Hugging Face": Copied(
        r"""
        curl HOST/v1/chat/completions \
            -X POST \
            -d '{
          "model": "tgi",
          "messages": [{"role": "user", "content": "What is deep learning?"}],
          "stream": true,
          "max_tokens": 20
        }' \
            -H 'Content-Type: application/json'
        """,
        {"model": "tgi", "messages": [{"role": "user", "content": "What is deep learning?"}], "stream": True, "max_tokens": 20},
        JSON_TYPE,
        note="http://",
    ),
    "Dify": Copied(
        r"""
        curl -X POST 'BASE/v1/chat-messages' \
        --header "Authorization: Bearer $KEY" \
        --header 'Content-Type: application/json' \
        --data-raw '{
            "inputs": {},
            "query": "What are the specs of the iPhone?",
            "response_mode": "streaming"
        }'
        """,
        {"inputs": {}, "query": "What are the specs of the iPhone?", "response_mode": "streaming"},
        JSON_TYPE,
        path="/v1/chat-messages",
    ),
    "a body on standard input": Copied(
        r"""
        curl -N -sS --http2 -H "Accept:text/event-stream" -H "x-api-key: $KEY" BASE/agent/runs -H "Content-Type: application/json" \
          --data @- <<'EOF'
        {"query": "it's 1 & 1", "stream": true}
        EOF
        """,
        {"query": "it's 1 & 1", "stream": True},
        JSON_TYPE | {"accept": ["text/event-stream"]},
        path="/agent/runs",
    ),
    "a session's events": Copied(
        r"""
        curl -sS --fail-with-body -N -G "BASE/events/stream" \
          -H "X-API-Key: $KEY" \
          -H "Accept: text/event-stream" \
          --data-urlencode "after=2026-01-01T00:00:00+00:00"
        """,
        None,
        {"x-api-key": ["key-1"], "content-type": []},
        method="GET",
        path="/events/stream?after=2026-01-01T00%3A00%3A00%2B00%3A00",
    ),
    "chrome, a form": Copied(
        r"""
        curl 'BASE/chat' \
          -H 'accept: text/event-stream' \
          -H 'content-type: application/x-www-form-urlencoded; charset=UTF-8' \
          -H 'x-requested-with;' \
          -b $'a=1; b=it\'s' \
          --data-raw 'q=1%2B1&stream=true' ;
        """,
        "q=1%2B1&stream=true",
        {"content-type": ["application/x-www-form-urlencoded; charset=UTF-8"], "x-requested-with": [""], "cookie": ["a=1; b=it's"]},
        path="/chat",
    ),
    "firefox, brackets in the URL": Copied(
        r"""
        curl --globoff 'BASE/api/chat?ids[]=1&{a}' --compressed -X POST -H 'Accept: */*' -H 'Connection: keep-alive' -H 'Pragma: no-cache' -H 'Content-Length: 0'
        """,
        None,
        {"accept": ["*/*"], "content-type": []},
        path="/api/chat?ids[]=1&{a}",
    ),
}  # fmt: skip


def run_copied(command: str, folder: Path) -> Done:
    """Run a shell command in which `ssescan read` stands for `curl`."""
    (folder / "ask.json").write_text(json.dumps(QUESTION, indent=1), encoding="utf-8")
    function = f"curl() {{ '{COMMAND[0]}' -m ssescan read \"$@\"; }}"
    done = subprocess.run(
        [str(BASH), "-c", f"{function}\n{textwrap.dedent(command)}"],
        capture_output=True, cwd=folder, env=environment(KEY="key-1", LC_ALL="C.UTF-8"), timeout=GUARD, check=False,
    )  # fmt: skip
    return Done(done.returncode, done.stdout, done.stderr.decode())


def received_body(request: Received) -> Any:
    """Return the JSON of a body, the text of a form, None if there is none."""
    if not request.body or "x-www-form-urlencoded" in request.all("content-type")[0]:
        return request.body.decode() or None
    return json.loads(request.body)


@pytest.mark.parametrize("name", COPIED)
def test_copied_command_reads_the_answer(name: str, server: Server, tmp_path: Path) -> None:
    copied = COPIED[name]
    base = server.answers_with(WHOLE, path=copied.path.partition("?")[0]).partition("://")[2].partition("/")[0]
    done = run_copied(copied.command.replace("BASE", f"http://{base}").replace("HOST", base), tmp_path)
    assert (done.status, done.out.decode()) == (0, "Hello é\n"), done.err
    (request,) = server.received
    assert (request.method, request.path, received_body(request)) == (copied.method, copied.path, copied.body)
    assert {header: request.all(header) for header in copied.headers} == copied.headers
    notes = [line for line in done.err.splitlines() if line.startswith("ssescan: ")]
    assert len(notes) == (copied.note is not None)
    assert all("note: " in line and str(copied.note) in line for line in notes)
    assert "key-1" not in done.err


@pytest.mark.parametrize("name", ["firefox", "safari", "chrome, certificate errors"])
def test_encodings_of_a_browser_are_left_out(name: str, server: Server, tmp_path: Path) -> None:
    copied = COPIED[name]
    url = server.answers_with(text("a") + STOP + DONE, path=copied.path)
    assert run_copied(copied.command.replace("BASE" + copied.path, url), tmp_path).status == 0
    assert run_copied(f"curl {url}", tmp_path).status == 0
    first, plain = server.received
    assert first.all("accept-encoding") == plain.all("accept-encoding")
