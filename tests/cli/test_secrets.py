"""Messages quote no secrets: only the name of a header, and only the part of a URL before its query."""

import base64
import json
from pathlib import Path

import pytest

from ssescan.cli.command import run as run_command

from .answers import UNFINISHED, WHOLE
from .processes import RunHere, Server, environment, run

HERE = "http://127.0.0.1:9/"  # a port without a server
URL = "https://me:SECRET@host.example/v1?key=SECRET#SECRET"
HEADER = "Authorization: Bearer SECRET"
KEY = "sk-proj-0123456789SECRET"
BAD_URLS = [
    "http://[bad/?key=SECRET",
    "http://me:SECRET@[bad/",
    "http://[SECRET]/",
    "https://?key=SECRET",
    "https://#SECRET",
    "https://me:SECRET@",
    "https://me:SECRET@/path",
    "https:///?key=SECRET",
    "http://me:SECRET/rest@host/",
    "http://me:SECRET?rest@host/",
    "http://me:SECRET#rest@host/",
    "http://host:SECRET/",
    "http://me:SECRET@host:SECRET/?key=SECRET",
    "http://me:SECRET@\u2100.example/?key=SECRET",
    "http://me:SECRET@a..b/?key=SECRET",
    f"http://me:SECRET@{'a' * 64}.example/?key=SECRET",
    "http://me:SECRET@127.0.0.1:9/\x01?key=SECRET",
    "http://me:SECRET@127.0.0.1:9/?key=SECRET\x01",
    "http://me:SECRET@127.0.0.1:9/?key=SECRET\n",
    "http://me:SECRET@127.0.0.1:9/?" + "SECRET" * 20_000,
    "HTTP://me:SECRET@host:port/?key=SECRET",
]
OTHER_ARGUMENTS = [
    "htps://me:SECRET@host/?key=SECRET",
    "https:/me:SECRET@host/?key=SECRET",
    "http//me:SECRET@host/?key=SECRET",
    "//me:SECRET@host/?key=SECRET",
    " https://me:SECRET@host/?key=SECRET",
    "url=https://me:SECRET@host/",
    "me:SECRET@host/v1",
    "me:SECRET",
    "SECRET@host/v1",
    "host/v1?key=SECRET",
    "localhost/events?key=SECRET",
    "key=SECRET",
    '{"key": "SECRET"}',
    HEADER,
    "Authorization:SECRET",
    "X-Api-Key:SECRET",
    "X-Api-Key SECRET",
    "Bearer SECRET",
]
HEADERS = [
    "Authorization SECRET",
    "Authorization=SECRET",
    "SECRET",
    "Authorization: SEC\nRET",
    "Authorization: SECRET\r\nX: y",
    "Bearer SECRET: x",
    "SECR\u00c9T: x",
    ": SECRET",
    "Author ization: SECRET",
]
WRONG = [
    *(("cat", url) for url in (*BAD_URLS, *OTHER_ARGUMENTS)),
    *(("read", urls[0]) for urls in (BAD_URLS, OTHER_ARGUMENTS)),
    *(("cat", "-H", header, HERE) for header in HEADERS),
    *((command, f"-H{HEADERS[0]}", HERE) for command in ("cat", "read")),
    *((command, url, "-H", HEADER, "-d", "SECRET") for command in ("cat", "read") for url in ("file", OTHER_ARGUMENTS[0])),
    *(("cat", "-X", method, HERE) for method in (HEADER, URL, "GET key=SECRET")),
    *(("cat", "-d", f"@{name}", HERE) for name in (URL, HEADER, '{"key": "SECRET"}')),
    *((command, HERE, "Bearer", "SECRET", URL) for command in ("cat", "read")),
    *(("record", *given) for given in ((URL,), (OTHER_ARGUMENTS[0], "-o", "x"), ("-o", URL, "-d", "SECRET"))),
    ("cat", "-H", "Authorization:", "Bearer", "SECRET", HERE),
    *((command, f"--{option}") for command in ("read", "run", "doctor") for option in ("SECRET-1", HEADER, URL)),
    *((command, f"--headers={HEADER}", HERE) for command in ("cat", "doctor")),
    *((command, "--headers", HEADER, HERE) for command in ("read", "demo")),
    *(("cat", option, value, HERE) for option in ("-u", "-b") for value in ("SECRET", "Bearer SECRET")),
    *(("read", option, "a\nSECRET", HERE) for option in ("-A", "-e", "--cookie=a=b", "-H")),
    *(("cat", option, value, "file") for option in ("-u", "-b", "-A", "-e", "--data-raw") for value in ("SECRET", URL)),
    *(("cat", option, f"@{value}", HERE) for option in ("--data-binary", "--data-json") for value in (URL, HEADER)),
    ("cat", "--url", URL, URL),
    ("read", "--json", '{"key": "SECRET"}', HERE),
    *((command, "-H", HEADER) for command in ("demo", "doctor")),
    *((command, f"--{flag}=SECRET") for command, flag in (("cat", "json"), ("read", "message"), ("doctor", "json"))),
    *(("cat", "--idle", value) for value in (URL, HEADER, "key=SECRET")),
    *(("read", f"--progress={value}") for value in (URL, HEADER, "key=SECRET")),
    *(("read", "--api", value) for value in (URL, HEADER, "key=SECRET")),
    *(("ask", "hi", f"--{option}", value) for option in ("api", "key-env", "max-tokens") for value in (URL, HEADER, KEY)),
    *(("ask", "hi", "--url", url) for url in (*BAD_URLS, *OTHER_ARGUMENTS)),
    *(("ask", "hi", "--url", HERE, "-H", header) for header in HEADERS),
    *(("ask", "hi", other) for other in (URL, HEADER, KEY)),
    ("demo", "--pace", URL),
    *((value,) for value in (URL, HEADER, "me:SECRET@host", "key=SECRET")),
    *((*how, value) for how in (("run",), ("run", "-m")) for value in (URL, HEADER, "key=SECRET")),
    *(("run", "--accelerate", f"{before}{value}", "x.py") for before in ("", "openai,") for value in (URL, HEADER)),
    *((command, value) for command in ("demo", "doctor") for value in (URL, "SECRET")),
    *((*how, KEY) for how in ((), ("read", "--api"), ("cat", "--idle"), ("cat",), ("run",), ("demo", "--pace"))),
]  # fmt: skip


@pytest.mark.parametrize("arguments", WRONG, ids=range(len(WRONG)))
def test_wrong_arguments_are_not_quoted(arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    if arguments[0] == "run":  # it turns the process into the program
        done = run(*arguments)
        status, stderr = done.status, done.err
    else:
        status, stderr = run_command(arguments), capsys.readouterr().err
    assert status == 2
    assert stderr.startswith("ssescan: ")
    assert stderr.count("\n") == 1
    for secret in ("SEC", "RET", "\u00c9T"):
        assert secret not in stderr.replace("SECONDS", "")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("cat", "-H", "Authorization SECRET", HERE), "got 20 characters without a colon"),
        (("cat", "-H", "Authorization: SEC\nRET", HERE), "'Authorization'"),
        (("cat", "http://me:pw@[bad/?key=x"), "got 'http://...'; check its host"),
        (("cat", "https://me:pw@host.example:port/?key=x"), "Invalid port"),
        (("cat", "htps://me:pw@host/v1?key=x"), "got 'htps://host/v1': No such file"),
        (("cat", "no such file.sse"), "got 'no such file.sse': No such file"),
        (("cat", "folder/no@such.sse"), "got 'folder/...@such.sse': No such file"),
        (("cat", "C:\\folder\\file.sse"), "got 'C:\\\\folder\\\\file.sse': No such file"),
        (("cat", "localhost/events?key=x"), "got 'localhost/events...': No such file"),
        (("cat", "localhost:9/events?key=x"), "read: http://localhost:9/events\n"),
        (("cat", "-d", "@no such file", HERE), "got 'no such file': No such file"),
        (("cat", "--unknown-option"), "--unknown-option"),
        (("cat", "-Z"), "-Z"),
        (("mew",), "'mew'"),
    ],
)
def test_harmless_arguments_are_quoted(arguments: tuple[str, ...], text: str) -> None:
    assert text in run(*arguments).err


@pytest.mark.parametrize("command", ["cat", "read"])
def test_headers_that_http_forbids_are_not_quoted(command: str, server: Server) -> None:
    for header in ("Authorization: SEC\x0bRET", "Authorization: SEC\x0cRET", "SEC(RET: a"):
        done = run(command, server.answers_with(b""), "-H", header)
        assert (done.status, server.received) == (2, [])
        assert "check -X and -H" in done.err
        assert "SEC" not in done.err


PROXIES = [
    "http://me:SECRET@[bad",
    "http://me:SECRET@host:port/",
    "http://me:SECRET/rest@host/",
    "socks9://me:SECRET@host/?key=SECRET",
    "socks5://me:SECRET@127.0.0.1:9/",
    "http://me:SECRET@127.0.0.1:9/",
    "http://me:SECRET@a..b/",
    "http://SECRET@127.0.0.1:9/\x01",
    "me:SECRET@127.0.0.1:9",
]


@pytest.mark.parametrize("name", ["HTTP_PROXY", "ALL_PROXY"])
@pytest.mark.parametrize("proxy", PROXIES)
def test_proxies_are_not_quoted(proxy: str, name: str) -> None:
    done = run("cat", "http://host.example/", env=environment(**{name.lower(): proxy}))
    assert done.status in (1, 2, 5)
    assert done.err.startswith("ssescan: expected ")
    assert done.err.count("\n") == 1
    assert "SECRET" not in done.err


LOCATIONS = [
    "http://me:SECRET@host:port/?key=SECRET",
    "http://me:SECRET@[bad/?key=SECRET",
    "http://[SECRET]/",
    "ftp://me:SECRET@host/?key=SECRET",
    "http://me:SECRET@127.0.0.1:9/?key=SECRET",
    "https://?key=SECRET",
]


@pytest.mark.parametrize("location", LOCATIONS)
@pytest.mark.parametrize("command", ["cat", "read"])
def test_redirects_are_not_quoted(command: str, location: str, server: Server) -> None:
    done = run(command, server.answers_with(status=307, headers={"Location": location}) + "?key=SECRET")
    assert done.status in (2, 5)
    assert done.err.startswith("ssescan: expected ")
    assert "SECRET" not in done.err


@pytest.mark.parametrize(
    ("command", "body"), [("cat", b"data: a"), ("cat", b"<p>\n"), ("read", b"data: x\n\n"), ("read", b"")]
)
def test_places_have_no_secrets(command: str, body: bytes, server: Server) -> None:
    for how in ({}, {"dropped": True}, {"status": 401}, {"content_type": None}):
        url = server.answers_with(body, **how)
        done = run(command, url.replace("//", "//me:SECRET@") + "?key=SECRET#SECRET", "-H", HEADER, "-d", "SECRET")
        assert url in done.err
        assert "SECRET" not in done.err


# Every place in which a provider or a proxy takes a key, in one request.
PLACES = (
    *("-H", f"Authorization: Bearer {KEY}", "-H", f"x-api-key: {KEY}", "-H", f"api-key: {KEY}"),
    *("-H", f"x-goog-api-key: {KEY}", "-H", f"Proxy-Authorization: Basic {KEY}", "-b", f"session={KEY}"),
    *("-H", f"OpenAI-Organization: {KEY}", "-d", json.dumps({"api_key": KEY, "stream": True})),
)
ECHO = json.dumps({"error": {"message": f"wrong key {KEY}", "type": "auth", "code": KEY}}).encode()
COMMANDS = [
    ("cat",),
    ("read",),
    ("read", "--plot", "x.svg"),
    ("convert", "--to", "anthropic"),
    ("record", "-o", "x.tape"),
    ("check",),
    ("check", "--json"),
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_keys_of_a_request_are_never_written(
    command: tuple[str, ...], server: Server, run_here: RunHere, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for status, body, dropped in (
        (200, WHOLE, False),
        (200, UNFINISHED, False),
        (200, UNFINISHED, True),
        (401, ECHO, False),
    ):
        kind = "text/event-stream" if status == 200 else "application/json"
        answer = {"status": status, "content_type": kind, "dropped": dropped, "headers": {"Set-Cookie": f"a={KEY}"}}
        url = server.answers_with(body, path="/v1/chat/completions", **answer)
        done = run_here(*command, f"{url.replace('//', f'//me:{KEY}@')}?key={KEY}&alt=sse", *PLACES)
        assert KEY in server.received[-1].path
        assert len([name for name, value in server.received[-1].headers if KEY in value]) == 6  # and Basic, of the URL
        assert done.status in (0, 1, 3, 4, 5)
        files = b"".join(file.read_bytes() for file in tmp_path.iterdir())
        for secret in ("SECRET", base64.b64encode(f"me:{KEY}".encode()).decode()):
            assert secret not in done.err
            assert secret.encode() not in done.out + files
    assert [file.name for file in tmp_path.iterdir()] == [word for word in command if word.startswith("x.")]
