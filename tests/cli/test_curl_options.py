"""curl's options of `cat` and `read`, one by one, and URLs without a scheme."""

import contextlib
import json
import os
import re
import socket
import ssl
import sys
import threading
from pathlib import Path

import pytest
import trustme

from .processes import RunHere, Server

EVENT = b"data: a\n\n"
ENDED, USAGE, FAILED = 0, 2, 5
HERE = "http://127.0.0.1:9/"  # a port without a server
JSON_BODY = '{"stream": true}'


@pytest.mark.parametrize(
    "options",
    [
        ("-N",), ("--no-buffer",), ("-s",), ("--silent",), ("-sS",), ("-L",), ("--location",), ("--compressed",), ("-k",),
        ("--insecure",), ("-sSNLkf",), ("-v",), ("-i",), ("-#",), ("--no-progress-meter",), ("--ssl-no-revoke",), ("--http1.1",), ("-0",), ("--http1.0",), ("--http2-prior-knowledge",), ("--http3",), ("--tcp-nodelay",), ("-N", "-s", "-L", "-k", "--compressed"),
        ("-w", r"\n%{http_code}"), ("--write-out=x",), ("--connect-timeout", "30"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("command", ["cat", "read"])
def test_options_that_change_nothing(command: str, options: tuple[str, ...], server: Server, run_here: RunHere) -> None:
    plain, with_options = (
        run_here(command, server.answers_with(EVENT)),
        run_here(command, *options, server.answers_with(EVENT)),
    )
    assert with_options == plain
    first, second = server.received
    assert first == second


def test_options_that_change_nothing_need_no_url(run_here: RunHere) -> None:
    done = run_here("cat", "-sN", "--compressed", stdin=EVENT)
    assert (done.status, done.out, done.err) == (ENDED, EVENT, "")


@pytest.mark.parametrize(
    ("options", "body"),
    [
        (("-d", "a=1", "--data", "b=2"), b"a=1&b=2"),
        (("--data-raw", "@a", "-d", "b", "--data-binary", "c"), b"@a&b&c"),
        (("-d", "1", "--data-raw", "2", "-d", "3"), b"1&2&3"),
        (("--data-binary=3", "--data=2", "--data-ascii=1"), b"3&2&1"),
        (("-d", "", "-d", "x"), b"x"),
        (("-d", "@body", "--data-binary", "@body"), b"linetwo&line\r\ntwo\n"),
        (("--data-json", '{"a":', "--data-json", "1}"), b'{"a":1}'),
        (("--data-json", "@body"), b"line\r\ntwo\n"),
        (("--data-binary", "@-"), b"in\r\nput\n"),
        (("--data-urlencode", "x=a b&c", "-d", "d=e f"), b"x=a+b%26c&d=e f"),
        (("--data-urlencode", "a b~é"), b"a+b~%C3%A9"),
        (("--data-urlencode", "=@a=b"), b"%40a%3Db"),
        (("--data-urlencode", "a@b=c@d"), b"a@b=c%40d"),
        (("--data-urlencode", "@body", "--data-urlencode", "x@-"), b"line%0D%0Atwo%0A&x=in%0D%0Aput%0A"),
        (("--data-urlencode", ""), b""),
    ],
)
def test_data_are_joined_in_their_order(
    options: tuple[str, ...], body: bytes, server: Server, tmp_path: Path, run_here: RunHere
) -> None:
    (tmp_path / "body").write_bytes(b"line\r\ntwo\n")
    options = tuple(option.replace("@body", f"@{tmp_path / 'body'}") for option in options)
    assert run_here("cat", *options, server.answers_with(EVENT), stdin=b"in\r\nput\n").status == ENDED
    (request,) = server.received
    assert (request.method, request.body) == ("POST", body)


@pytest.mark.parametrize(
    ("options", "content_type", "is_noted"),
    [
        (("-d", JSON_BODY), "application/json", True),
        (("--data-raw", f" \n[{JSON_BODY}]\n"), "application/json", True),
        (("--data-binary", JSON_BODY, "-X", "PUT"), "application/json", True),
        (("-d", JSON_BODY, "-H", "Content-Type: text/plain"), "text/plain", False),
        (("-d", JSON_BODY, "-H", "content-type: application/json; a=b"), "application/json; a=b", False),
        (("-d", JSON_BODY, "--header", "CONTENT-TYPE;"), "", False),
        (("--data-json", JSON_BODY), "application/json", False),
        (("--data-json", JSON_BODY, "-H", "Content-Type: a/b"), "a/b", False),
        (("-d", "a=1"), "application/x-www-form-urlencoded", False),
        (("-d", "12"), "application/x-www-form-urlencoded", False),
        (("-d", '"a"'), "application/x-www-form-urlencoded", False),
        (("-d", ""), "application/x-www-form-urlencoded", False),
    ],
)
def test_json_without_a_content_type(
    options: tuple[str, ...], content_type: str, is_noted: bool, server: Server, run_here: RunHere
) -> None:
    done = run_here("cat", *options, server.answers_with(EVENT))
    assert (done.status, done.out) == (ENDED, EVENT)
    assert server.received[0].all("content-type") == [content_type]
    assert bool(re.fullmatch(r"ssescan: note: .*JSON.*application/json.*\n", done.err)) == is_noted
    assert bool(done.err) == is_noted


@pytest.mark.parametrize(
    ("data", "where"),
    [('{"a": 1,&"b": 2}', "line 1, column 9"), ("{a: 1}", "line 1, column 2"), ('\n[{"a": 1}', "line 2, column 10")],
)
def test_json_that_is_not_valid_is_noted(data: str, where: str, server: Server, run_here: RunHere) -> None:
    done = run_here("cat", "--data-raw", data, server.answers_with(EVENT))
    assert (done.status, done.out) == (ENDED, EVENT)
    assert server.received[0].all("content-type") == ["application/x-www-form-urlencoded"]
    assert re.fullmatch(rf"ssescan: note: .*is not valid \(.*{where}\).*\n", done.err)
    assert run_here("cat", "-H", "Content-Type: a/b", "--data-raw", data, server.answers_with(EVENT)).err == ""


@pytest.mark.parametrize("header", ["Content-Length:", "content-length: 3", "Transfer-Encoding: chunked"])
def test_body_keeps_its_length(header: str, server: Server, run_here: RunHere) -> None:
    done = run_here("cat", "-H", header, "--data-json", JSON_BODY, server.answers_with(EVENT))
    assert (done.status, done.out) == (ENDED, EVENT)
    (request,) = server.received
    assert (request.body, request.all("transfer-encoding")) == (JSON_BODY.encode(), [])
    assert request.all("content-length") == [str(len(JSON_BODY))]


def test_removed_content_type_stays_removed(server: Server, run_here: RunHere) -> None:
    done = run_here("cat", "-d", JSON_BODY, "-H", "Content-Type:", server.answers_with(EVENT))
    assert (done.status, done.err, server.received[0].all("content-type")) == (ENDED, "", [])


@pytest.mark.parametrize(
    ("url", "options", "path"),
    [
        ("", ("-G", "-d", "a=1", "-d", "b=x y"), "/?a=1&b=x%20y"),
        ("?a=1", ("--get", "--data-raw", "b=%20"), "/?a=1&b=%20"),
        ("?a=1#part", ("-G", "-d", 'q={"a":"é"}'), "/?a=1&q=%7B%22a%22:%22%C3%A9%22%7D"),
        ("", ("-G", "--data-urlencode", "x=a b&c"), "/?x=a+b%26c"),
        ("", ("-G",), "/"),
        ("", ("-G", "-d", ""), "/"),
    ],
)
def test_get_sends_the_data_in_the_query(
    url: str, options: tuple[str, ...], path: str, server: Server, run_here: RunHere
) -> None:
    assert run_here("cat", *options, server.answers_with(EVENT) + url).status == ENDED
    (request,) = server.received
    assert (request.method, request.path, request.body, request.all("content-type")) == ("GET", path, b"", [])


@pytest.mark.parametrize(
    ("options", "name", "values"),
    [
        (("-u", "me:pw"), "authorization", ["Basic bWU6cHc="]),
        (("--user", "key:"), "authorization", ["Basic a2V5Og=="]),
        (("--user=a:b:é",), "authorization", ["Basic YTpiOsOp"]),
        (("-u", "me:pw", "-H", "Authorization: Bearer k"), "authorization", ["Bearer k"]),
        (("-b", "a=1; b=2"), "cookie", ["a=1; b=2"]),
        (("--cookie", "a=1", "-b", "b=="), "cookie", ["a=1; b=="]),
        (("-b", ""), "cookie", []),
        (("-b", "a=1", "-H", "cookie: c=3"), "cookie", ["c=3"]),
        (("-A", "me/1"), "user-agent", ["me/1"]),
        (("--user-agent", ""), "user-agent", []),
        (("-A", "me/1", "-H", "User-Agent: you"), "user-agent", ["you"]),
        (("-e", "http://a/"), "referer", ["http://a/"]),
        (("--referer=http://b/",), "referer", ["http://b/"]),
        (("--header", "accept: */*"), "accept", ["*/*"]),
        (("--header=Accept:",), "accept", []),
        (("-H", "accept-encoding: identity"), "accept-encoding", ["identity"]),
        (("-H", "Accept-Encoding: gzip"), "accept-encoding", ["gzip"]),
    ],
)
def test_headers_of_options(
    options: tuple[str, ...], name: str, values: list[str], server: Server, run_here: RunHere
) -> None:
    assert run_here("cat", *options, server.answers_with(EVENT)).status == ENDED
    assert server.received[0].all(name) == values


@pytest.mark.parametrize("options", [("-X", "PUT"), ("--request", "PUT"), ("--request=PUT", "-d", "a")])
def test_method_of_options(options: tuple[str, ...], server: Server, run_here: RunHere) -> None:
    assert run_here("cat", *options, server.answers_with(EVENT)).status == ENDED
    assert server.received[0].method == "PUT"


def test_url_option(server: Server, run_here: RunHere) -> None:
    assert run_here("cat", "--url", server.answers_with(EVENT)).out == EVENT
    for other in ((HERE,), ("--url", HERE)):
        done = run_here("cat", "--url", HERE, *other)
        assert (done.status, "expected one source" in done.err) == (USAGE, True)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("-u", "SECRET"), "expected -u NAME:PASSWORD"),
        (("-b", "SECRET"), "expected -b NAME=VALUE"),
        (("-A", "a\nSECRET"), "expected one line for -A"),
        (("-b", "a=\rSECRET"), "expected one line for -b"),
        (("--json", '{"a": "SECRET"}'), "--data-json is curl's --json"),
        (("--json", "@SECRET"), "--data-json is curl's --json"),
        (("--json", "-s", '{"a": "SECRET"}'), "--data-json is curl's --json"),
        (("--json", '"SECRET"'), "--data-json is curl's --json"),
        (("-m", "0"), "expected a finite number of seconds over zero, got 0.0"),
        (("--connect-timeout", "inf"), "expected a finite number of seconds over zero, got inf"),
        (("-o", "out"), "> FILE"),
        (("--json=SECRET",), "--data-json is curl's --json"),
        (("-d", "@missing/body"), "expected a file with the body of the request after @, got 'missing/body': No such"),
        (("--data-binary", "@missing.json"), "got 'missing.json': No such"),
        (("--data-urlencode=a@missing.json",), "; =TEXT sends a text that begins with @"),
        (("--data-json=@missing.json",), "--data-raw sends a text that begins with @"),
    ],
)
@pytest.mark.parametrize("command", ["cat", "read"])
def test_wrong_values(command: str, options: tuple[str, ...], words: str, run_here: RunHere) -> None:
    done = run_here(command, *options, HERE)
    assert (done.status, done.out) == (USAGE, b"")
    assert re.fullmatch(rf"ssescan: .+ \(see 'ssescan {command} --help'\)\n", done.err)
    assert words in done.err
    assert "SECRET" not in done.err


@pytest.mark.parametrize(
    "options",
    [
        ("-G",), ("-k",), ("-u", "a:b"), ("-b", "a=b"), ("-A", "a"), ("-e", "b"), ("-m", "1"), ("--connect-timeout", "1"),
    ],
)  # fmt: skip
def test_request_needs_a_url(options: tuple[str, ...], run_here: RunHere) -> None:
    done = run_here("cat", *options, "file")
    assert (done.status, f"{options[0]} needs a URL" in done.err) == (USAGE, True)
    assert "-k, -d need a URL (http://, https:// or HOST:PORT)" in run_here("cat", "-k", "-d", "a", "file").err


@pytest.mark.parametrize("url", ["http://127.0.0.1:{}/", "127.0.0.1:99999"])
def test_port_that_does_not_exist(url: str, server: Server, run_here: RunHere) -> None:
    server.answers_with(EVENT)
    done = run_here("cat", "-H", "X-Key: k", url.format(server.server_port + 65536))
    assert (done.status, "a port of up to 65535" in done.err, server.received) == (USAGE, True, [])


def test_json_option_is_not_a_value_of_another_one(server: Server, run_here: RunHere) -> None:
    done = run_here("cat", "-H", "a: b", "--json", "-d", "--json", "-d", '{"a"', server.answers_with(EVENT))
    assert (done.status, done.out[:1], server.received[0].body) == (ENDED, b"{", b'--json&{"a"')


@pytest.mark.parametrize("path", ["/v1/events", "/", "", "/?a=b", "?a=b"])
def test_host_with_a_port_is_http(path: str, server: Server, run_here: RunHere) -> None:
    server.answers_with(EVENT, path=path.partition("?")[0] or "/")
    for host in ("127.0.0.1", "localhost"):
        done = run_here("cat", f"{host}:{server.server_port}{path}")
        assert (done.status, done.out) == (ENDED, EVENT)
        shown = f"http://{host}:{server.server_port}{path.partition('?')[0]}"
        assert re.fullmatch(rf"ssescan: note: .* {re.escape(shown)}\n", done.err)


@pytest.mark.skipif(os.name != "posix", reason="no colon in names of files")
def test_file_with_the_name_of_a_host_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run_here: RunHere) -> None:
    (tmp_path / "localhost:9").write_bytes(EVENT)
    monkeypatch.chdir(tmp_path)
    done = run_here("cat", "localhost:9")
    assert (done.status, done.out, done.err) == (ENDED, EVENT, "")


@pytest.mark.parametrize(
    "target", ["localhost", "localhost/events", "C:\\events.sse", "host:port", "host:123456", ":8000"]
)
def test_other_targets_are_files(target: str, run_here: RunHere) -> None:
    done = run_here("cat", target)
    assert (done.status, "expected a file to read" in done.err) == (USAGE, True)


@pytest.mark.parametrize("limits", [("-m", "0.2"), ("--max-time=0.2", "--idle", "60"), ("-m", "60", "--idle=0.2")])
def test_max_time_is_the_time_without_a_byte(limits: tuple[str, ...], server: Server, run_here: RunHere) -> None:
    released = threading.Event()
    done = run_here("cat", *limits, server.answers_with(EVENT, released.wait))
    released.set()
    assert (done.status, done.out) == (FAILED, EVENT)
    note, failure = done.err.splitlines()
    assert note.startswith("ssescan: note: -m limits the time without a byte here")
    assert failure.endswith("; a longer --idle or -m waits longer")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse a connection that waits")
def test_connect_timeout(run_here: RunHere) -> None:
    with socket.socket() as listening, contextlib.ExitStack() as waiting:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        address = listening.getsockname()
        for _ in range(3):  # more than the backlog holds
            other = waiting.enter_context(socket.socket())
            other.setblocking(False)
            other.connect_ex(address)
        done = run_here("cat", "--connect-timeout", "0.2", f"http://127.0.0.1:{address[1]}/")
    assert (done.status, "expected to connect to" in done.err) == (FAILED, True)


def test_unknown_certificate(server: Server, run_here: RunHere) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    url = server.answers_with(EVENT).replace("http:", "https:")
    refused = run_here("cat", url)
    assert (refused.status, refused.out) == (FAILED, b"")
    assert refused.err.endswith("; check the name in the URL; -k connects without this check\n")
    for option in ("-k", "--insecure"):
        done = run_here("cat", option, url)
        assert (done.status, done.out, done.err) == (ENDED, EVENT, "")


def test_help_names_every_option(run_here: RunHere) -> None:
    shown = run_here("read", "--help").out.decode()
    for name in (
        "--header",
        "--data",
        "--data-raw",
        "--data-binary",
        "--data-urlencode",
        "--data-json",
        "--url",
        "--user",
        "--cookie",
        "-G",
    ):
        assert name in shown
    assert json.loads(run_here("read", "--message", stdin=b"").out)["complete"] is False
