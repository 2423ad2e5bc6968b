"""The line of a failure says what to do: another scheme, another path, another name of a format."""

import json
import ssl
import time

import pytest
import trustme

from ssescan.cli.exits import title_of

from .processes import RunHere, Server

USAGE, CUT, REFUSED, FAILED = 2, 3, 4, 5
PAGE = (
    b"<!DOCTYPE html>\n<html lang=en>\n<head>\n<meta charset=utf-8>\n<title>\n %s\n</title>\n</head><body>Long</body>"
)


def advice(error: str) -> str:
    """Return the words after the last semicolon of the only line."""
    assert error.startswith("ssescan: expected ")
    assert error.count("\n") == 1
    return error.rpartition("; ")[2].rstrip("\n")


@pytest.mark.parametrize("command", ["cat", "read"])
def test_https_to_a_port_of_http(command: str, server: Server, run_here: RunHere) -> None:
    url = server.answers_with(b"").replace("http:", "https:")
    done = run_here(command, url)
    assert (done.status, done.out) == (FAILED, b"")
    assert "does not speak TLS on this port" in done.err
    assert advice(done.err).endswith(f"try {url.replace('https:', 'http:')}")


@pytest.mark.parametrize("command", ["cat", "read"])
def test_http_to_a_port_of_https(command: str, server: Server, run_here: RunHere) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    url = server.answers_with(b"")
    done = run_here(command, url)
    assert (done.status, done.out) == (FAILED, b"")
    assert url.replace("http:", "https:") in advice(done.err)


def test_server_that_asks_for_https(server: Server, run_here: RunHere) -> None:
    url = server.answers_with(
        b"Client sent an HTTP request to an HTTPS server.\n", status=400, content_type="text/plain"
    )
    assert url.replace("http:", "https:") in advice(run_here("cat", url).err)


@pytest.mark.parametrize(
    ("status", "words"), [(400, "(-X)"), (404, "check the path"), (429, "Retry-After: 7"), (503, "Retry-After: 7")]
)
def test_words_about_https_are_not_about_this_request(
    status: int, words: str, server: Server, run_here: RunHere
) -> None:
    body = b'{"error": "See HTTPS://example.com, or send it to an HTTPS URL"}'
    url = server.answers_with(body, status=status, content_type="application/json", headers={"Retry-After": "7"})
    assert words in advice(run_here("cat", url).err)


def test_scheme_in_capitals(server: Server, run_here: RunHere) -> None:
    body = b"The plain HTTP request was sent to HTTPS port"
    url = server.answers_with(body, status=400, content_type="text/html").replace("http:", "HTTP:")
    assert "the server speaks TLS" in advice(run_here("cat", url).err)


@pytest.mark.parametrize("command", ["cat", "read"])
def test_encoded_body_is_not_shown(command: str, server: Server, run_here: RunHere) -> None:
    url = server.answers_with(
        b"\x1f\x9d\x90<p>", status=403, content_type="text/html", headers={"Content-Encoding": "compress"}
    )
    done = run_here(command, url)
    assert (done.status, done.out) == (REFUSED, b"")
    assert "(text/html), the body has Content-Encoding compress, which is not decoded" in done.err
    assert "<p>" not in done.err


@pytest.mark.parametrize("page", [PAGE % b"Sign in", b"<html><body>Sign in"])
@pytest.mark.parametrize("end", [b"", b"\n\n"])
def test_page_under_the_type_of_a_stream(page: bytes, end: bytes, server: Server, run_here: RunHere) -> None:
    done = run_here("read", server.answers_with(page + end))
    assert (done.status, done.out) == (CUT, b"")
    assert "came: an HTML page, 'Sign in'" in done.err or "came: <html><body>Sign in" in done.err
    assert "a page for people" in advice(done.err)
    assert "and no event" in advice(run_here("cat", server.answers_with(page)).err.replace("; is", ", is"))


def test_lines_of_no_event_are_quoted(server: Server, run_here: RunHere) -> None:
    done = run_here("read", server.answers_with(b"upstream connect error\n\n"))
    assert (done.status, "lines of no event came: upstream connect error;" in done.err) == (CUT, True)


@pytest.mark.parametrize(
    ("status", "headers", "words"),
    [
        (400, {}, "check the URL, the method (-X), the headers (-H) and the body (-d)"),
        (401, {}, "credentials (-H, -u)"),
        (402, {}, "billing"),
        (403, {}, "credentials"),
        (404, {}, "check the path of the URL"),
        (405, {}, "-d sends a POST"),
        (413, {}, "shorter"),
        (415, {}, "-H 'Content-Type: application/json'"),
        (422, {}, "the body (-d)"),
        (429, {}, "may work later"),
        (429, {"Retry-After": "7"}, "may work later (Retry-After: 7)"),
        (503, {"Retry-After": "Fri, 31 Dec 2027 23:59:59 GMT"}, "(Retry-After: Fri, 31 Dec 2027 23:59:59 GMT)"),
    ],
)
@pytest.mark.parametrize("command", ["cat", "read"])
def test_refused_status(
    command: str, status: int, headers: dict[str, str], words: str, server: Server, run_here: RunHere
) -> None:
    body = json.dumps({"error": {"message": "No; not today."}}).encode()
    url = server.answers_with(body, status=status, content_type="application/json", headers=headers)
    done = run_here(command, url)
    assert (done.status, done.out) == (REFUSED, b"")
    assert f"got status {status} " in done.err
    assert "No; not today." in done.err
    assert words in advice(done.err)


@pytest.mark.parametrize("command", ["cat", "read"])
@pytest.mark.parametrize(
    ("status", "content_type"), [(502, "text/html"), (404, "text/html; charset=utf-8"), (200, "text/html")]
)
@pytest.mark.parametrize(
    ("page", "title"),
    [
        (PAGE % b"502 Bad Gateway", "'502 Bad Gateway'"),
        (PAGE % b"Sign in &middot;\n  Gateway", "'Sign in · Gateway'"),
        (b'<?xml version="1.0"?>\n' + PAGE % b"XHTML", "'XHTML'"),
        (b"<html><head><TITLE class=a>Oops \x1b[31m</TITLE>", "'Oops ␛[31m'"),
        (b"\n<!-- cached --><html><title>" + b"T" * 900 + b"</title>", f"'{'T' * 200}...'"),
    ],
)
def test_page_is_named_by_its_title(
    command: str, status: int, content_type: str, page: bytes, title: str, server: Server, run_here: RunHere
) -> None:
    done = run_here(command, server.answers_with(page, status=status, content_type=content_type))
    assert (done.status, done.out) == (REFUSED, b"")
    assert f"an HTML page, {title}" in done.err
    assert "<" not in done.err
    assert ("a page for people" in done.err) == (status == 200)
    assert advice(done.err)


@pytest.mark.parametrize("page", [b"<html><body>No title</body>", b"<html><title> </title><p>", b"{}<title>x</title>"])
def test_page_without_a_title_is_quoted(page: bytes, server: Server, run_here: RunHere) -> None:
    done = run_here("cat", server.answers_with(page, status=502, content_type="text/html"))
    assert page.decode() in done.err
    done = run_here("cat", server.answers_with(page, content_type="text/HTML; charset=utf-8"))
    assert page.decode() in done.err
    assert "a page for people" in advice(done.err)


@pytest.mark.parametrize("page", [b"<html>" + b"<title" * 10000, b"<html>" + b"<title>" * 9000])
def test_hostile_page_is_searched_once(page: bytes) -> None:
    began = time.process_time()
    assert title_of(page) is None
    assert time.process_time() - began < 0.05


@pytest.mark.parametrize(
    ("name", "similar"),
    [
        ("openai", "'openai-chat' or 'openai-responses'"),
        ("opnai-chat", "'openai-chat'"),
        ("OpenAI_Chat", "'openai-chat'"),
        ("antropic", "'anthropic'"),
        ("claude", "'anthropic'"),
        ("gemeni", "'gemini'"),
        ("gemini-interaction", "'gemini-interactions'"),
        ("responses", "'openai-responses'"),
        ("mew", None),
        ("", None),
        ("x", None),
    ],
)
def test_wrong_name_of_a_format(name: str, similar: str | None, run_here: RunHere) -> None:
    done = run_here("read", "--api", name)
    assert (done.status, done.out) == (USAGE, b"")
    assert "'gemini-interactions', got" in done.err
    if similar:
        assert f"; did you mean {similar}? (see " in done.err
    else:
        assert "did you mean" not in done.err


@pytest.mark.parametrize("content_type", ["text/plain", None])
def test_page_of_another_content_type_is_a_page(content_type: str | None, server: Server, run_here: RunHere) -> None:
    page = b"<!doctype html><title>Sign in</title>"
    done = run_here("cat", server.answers_with(page, content_type=content_type))
    assert (done.status, "that is a page for people" in done.err) == (REFUSED, True)
