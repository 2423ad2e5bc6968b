"""The advice of `ssescan check`: what to change on the server and on the proxies, by the facts of a report."""

from .arrival import in_seconds
from .report import MARKS, Report, error_words

PAGE = "docs/check.md"
KEEP_ALIVE = "send a comment such as ': ping' every 15 s"
READ_TIMEOUT = "ReadTimeout"  # the error of httpx for our own --idle
MIN_TIMEOUT_NS = 25_000_000_000  # of a proxy: most give up after 30 s or more
NGINX = "proxy_buffering off in the location, or the header X-Accel-Buffering: no from the server behind it"
# The word for a proxy in the headers Server and Via, its name, and what makes it pass events on at once.
PROXIES = {
    "nginx": ("nginx", NGINX),
    "openresty": ("OpenResty", NGINX),
    "tengine": ("Tengine", NGINX),
    "apache": ("Apache", "flushpackets=on in the ProxyPass"),
}
HAPROXY = "option http-no-delay, without which small events wait for up to 0.2 s"
SERVER = "a flush after each event"


def changes_of(report: Report, max_silence_ns: int) -> list[str]:
    """Return what to change, in words; empty if there is nothing.

    `max_silence_ns`: the longest silence that needs no keep-alive.
    """
    found = [_buffering(report), _compression(report), _keep_alive(report, max_silence_ns), _type(report), _end(report)]
    return [change for change in found if change]


def _buffering(report: Report) -> str:
    if not report.arrival.buffered:
        return ""
    if report.arrival.pattern == "whole":
        return "stream the body: send it in chunks as the events are made, without a Content-Length"
    if report.arrival.pattern == "batches":
        return f"let each event out at once; in haproxy: {HAPROXY}; in the server: {SERVER}; other proxies: {PAGE}"
    named = [f"{name}: {remedy}" for word, (name, remedy) in PROXIES.items() if word in _proxies(report)]
    if named:
        return f"switch off the buffering of {'; of '.join(named)}"
    return (
        f"find what holds the events back, and switch that off; in nginx: {NGINX}; in the server: {SERVER}; "
        f"other proxies: {PAGE}"
    )


def _compression(report: Report) -> str:
    if not report.tape.encoding or not report.arrival.buffered:
        return ""
    return (
        "do not compress event streams, as a compressor holds them back: leave text/event-stream out of gzip_types in "
        "nginx (gzip_proxied off for requests that came through a proxy), and send Cache-Control: no-transform"
    )


def _keep_alive(report: Report, max_silence_ns: int) -> str:
    if report.silence_ns is None or report.silence_ns <= max_silence_ns:
        return ""
    return (
        f"keep the connection alive: it was silent for {in_seconds(report.silence_ns)}, and proxies end such a "
        f"connection; {KEEP_ALIVE}, from the first byte on"
    )


def _type(report: Report) -> str:
    if report.tape.status is None or report.seen.media_type == "text/event-stream":
        return ""
    return "send Content-Type: text/event-stream: browsers and many clients refuse any other, and proxies buffer it"


def _end(report: Report) -> str:
    silence = report.last_silence_ns or 0
    match report.end:
        case "failed" if report.tape.error.startswith(READ_TIMEOUT):
            return f"find why the server sent nothing for {in_seconds(silence)}, or wait longer: --idle, -m"
        case "failed" if silence >= MIN_TIMEOUT_NS:
            return (
                f"let the connection live longer: it failed after {in_seconds(silence)} of silence, as if a proxy gave "
                f"up; {KEEP_ALIVE}, or raise proxy_read_timeout (nginx) or timeout server (haproxy)"
            )
        case "failed":
            return "find what broke the connection: see the logs of the server and of the proxies before it"
        case "error":
            return f"ask again, or fix the request: the provider reported {error_words(report.seen)}"
        case "cut":
            return "find what cut the stream in the middle of an event: see the logs of the server and of the proxies"
        case "incomplete":
            advice = (
                f"find why the answer was cut: {MARKS[report.format or '']} did not come; see the logs of the server"
            )
            if any(quirk.rule == "R13" for quirk in report.quirks):
                advice += ", or --accept-done, if this server never gives a finish reason"
            if "nginx" in _proxies(report):
                advice += "; proxy_http_version 1.1 in nginx, as a broken connection looks like an end with 1.0"
            return advice
    return ""


def _proxies(report: Report) -> str:
    """Return the headers that name proxies, in lower case."""
    return " ".join(report.tape.headers.get(name, "") for name in ("server", "via")).lower()
