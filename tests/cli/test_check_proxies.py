"""`ssescan check` behind real proxies on the loopback, nginx and haproxy, before uvicorn.

The servers get sockets that listen already, so no test waits for them to start.
"""

import asyncio
import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from .answers import DONE, ENDED, OTHER, REFUSED, STOP, error_line, text
from .processes import RunHere
from .test_check import row

uvicorn: Any = pytest.importorskip("uvicorn", reason="the extra replay is not installed")

GAP = 0.01  # seconds between two events
NGINX = """
daemon off;
error_log stderr crit;
pid {folder}/nginx.pid;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {folder}/1; proxy_temp_path {folder}/2; fastcgi_temp_path {folder}/3;
    uwsgi_temp_path {folder}/4; scgi_temp_path {folder}/5;
    server {{
        listen 127.0.0.1:{port};
        location / {{ proxy_pass {upstream}; }}
        location /gzip/ {{
            gzip on; gzip_types text/event-stream; gzip_min_length 0; gzip_comp_level 1;
            proxy_pass {upstream};
        }}
        location /gone {{ proxy_pass http://127.0.0.1:9; }}
    }}
}}
"""
HAPROXY = """
defaults
    mode http
    timeout connect 5s
    timeout client 50s
    timeout server 50s
frontend default
    bind fd@{fd}
    default_backend uvicorn
frontend without_delay
    bind fd@{second}
    option http-no-delay
    default_backend uvicorn_without_delay
backend uvicorn
    server s1 {upstream}
backend uvicorn_without_delay
    option http-no-delay
    server s1 {upstream}
"""


async def application(scope: Any, _receive: Any, send: Any) -> None:
    """Stream an answer slowly. The path has the number of its words, and how: /30, /30/no, /gzip/30, /30/cut."""
    number = next(int(word) for word in scope["path"].split("/") if word.isdigit())
    headers = [(b"content-type", b"text/event-stream")]
    if "/no" in scope["path"]:
        headers.append((b"x-accel-buffering", b"no"))
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    events = [text("word ")] * number + ([] if "/cut" in scope["path"] else [STOP, DONE])
    for event in events:
        await send({"type": "http.response.body", "body": event, "more_body": True})
        await asyncio.sleep(GAP)
    await send({"type": "http.response.body", "body": b""})


def listening() -> socket.socket:
    """Return a socket that listens on a free port of the loopback."""
    return socket.create_server(("127.0.0.1", 0), backlog=16)


def url_of(listener: socket.socket) -> str:
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


@contextmanager
def program(name: str, *arguments: str, pass_fds: tuple[int, ...], **changes: str) -> Iterator[None]:
    """Run a proxy until the block ends."""
    path = shutil.which(name, path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/usr/local/sbin")
    if path is None:
        pytest.skip(f"{name} is not installed: on Debian, apt-get install nginx-light haproxy")
    with subprocess.Popen(
        [path, *arguments], pass_fds=pass_fds, env=os.environ | changes, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        try:
            yield
        finally:
            process.terminate()  # killed, nginx would leave its worker behind


@pytest.fixture(scope="module")
def upstream() -> Iterator[str]:
    """Yield the URL of a uvicorn that streams `application`."""
    with listening() as listener:
        server = uvicorn.Server(uvicorn.Config(application, lifespan="off", log_config=None, access_log=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        yield url_of(listener)
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def nginx(upstream: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Yield the URL of an nginx before uvicorn, in its default configuration but for /gzip/."""
    folder = tmp_path_factory.mktemp("nginx")
    with listening() as listener:
        config = folder / "nginx.conf"
        config.write_text(NGINX.format(folder=folder, port=listener.getsockname()[1], upstream=upstream))
        fd = listener.fileno()
        with program("nginx", "-c", str(config), "-p", str(folder), pass_fds=(fd,), NGINX=f"{fd};"):
            yield url_of(listener)


@pytest.fixture(scope="module")
def haproxy(upstream: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Yield two URLs of a haproxy before uvicorn: in its default configuration, and with option http-no-delay."""
    config = tmp_path_factory.mktemp("haproxy") / "haproxy.cfg"
    with listening() as first, listening() as second:
        address = upstream.removeprefix("http://")
        config.write_text(HAPROXY.format(fd=first.fileno(), second=second.fileno(), upstream=address))
        with program("haproxy", "-db", "-f", str(config), pass_fds=(first.fileno(), second.fileno())):
            yield url_of(first), url_of(second)


@pytest.fixture
def checked(run_here: RunHere) -> Callable[[str], Any]:
    return lambda url: run_here("check", url)


def test_uvicorn_alone_has_nothing_to_change(upstream: str, checked: Callable[[str], Any]) -> None:
    done = checked(f"{upstream}/30")
    assert done.status == ENDED
    assert row(done.out, "events").startswith("not held back: 32 events came at ")
    assert row(done.out, "headers") == "server: uvicorn"


def test_nginx_holds_a_short_answer_back(nginx: str, checked: Callable[[str], Any]) -> None:
    done = checked(f"{nginx}/20")
    assert done.status == OTHER
    assert row(done.out, "events").startswith("held back: all 22 events came at once, after ")
    assert row(done.out, "headers").startswith("server: nginx")
    assert "buffering of nginx: proxy_buffering off in the location, or the header X-Accel" in done.out.decode()


def test_nginx_sends_a_long_answer_in_blocks(nginx: str, checked: Callable[[str], Any]) -> None:
    done = checked(f"{nginx}/80")
    assert done.status == OTHER
    assert "blocks of about 4 KiB, which end in the middle of an event" in row(done.out, "events")
    assert "proxy_buffering off in the location" in done.out.decode()


def test_nginx_with_x_accel_buffering_is_clean(nginx: str, checked: Callable[[str], Any]) -> None:
    done = checked(f"{nginx}/30/no")
    assert done.status == ENDED
    assert row(done.out, "events").startswith("not held back: ")
    assert row(done.out, "compression") == "none"


def test_nginx_with_gzip_is_found(nginx: str, checked: Callable[[str], Any]) -> None:
    done = checked(f"{nginx}/gzip/30")
    assert done.status == OTHER
    assert row(done.out, "compression") == "compressed: Content-Encoding gzip"
    assert "leave text/event-stream out of gzip_types" in done.out.decode()


def test_nginx_makes_a_cut_look_like_an_end(nginx: str, checked: Callable[[str], Any]) -> None:
    done = checked(f"{nginx}/30/no/cut")
    assert done.status == OTHER
    assert row(done.out, "end").startswith("the answer is not complete, no finish reason")
    assert "proxy_http_version 1.1 in nginx" in done.out.decode()


def test_page_of_nginx_is_refused_with_its_title(nginx: str, checked: Callable[[str], Any]) -> None:
    done = checked(f"{nginx}/gone")
    assert done.status == REFUSED
    assert "got status 502 Bad Gateway (text/html): an HTML page, '502 Bad Gateway'" in error_line(done)


def test_haproxy_sends_small_events_in_batches(haproxy: tuple[str, str], checked: Callable[[str], Any]) -> None:
    done = checked(f"{haproxy[0]}/80")
    assert done.status == OTHER
    assert row(done.out, "events").startswith("in batches: about ")
    assert "in haproxy: option http-no-delay" in done.out.decode()


def test_haproxy_without_delay_is_clean(haproxy: tuple[str, str], checked: Callable[[str], Any]) -> None:
    done = checked(f"{haproxy[1]}/30")
    assert done.status == ENDED
    assert row(done.out, "events").startswith("not held back: ")
