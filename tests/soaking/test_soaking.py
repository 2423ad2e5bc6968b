"""The soak in small, and that it notices what it is there for."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

if sys.platform == "linux":
    from soaking import __main__ as command
    from soaking.accounts import Account, Lost, bytes_of
    from soaking.loads import STEADY_STREAMS, Flat, check_flat
else:
    pytest.skip("reads /proc", allow_module_level=True)
import ssescan

if TYPE_CHECKING:
    from ssescan import ServerSentEvent

EVENTS: list[ServerSentEvent] = ssescan.Scanner().feed(b"".join(bytes_of(7, number) for number in range(1, 31)))


def test_all_loads_in_small(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "tests", prepend=":")
    assert command.main(["--streams", "20", "--sources", "5", "--seconds", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["aiohttp:", "httpx:", "5", "steady"]
    assert "20 streams open at once" in lines[0]
    assert "400 events" in lines[1]
    assert "500 events" in lines[2]


def test_limit_of_open_files_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--streams", str(2**31)]) == 2
    assert "raise `ulimit -Hn`" in capsys.readouterr().out


OTHER = ssescan.ServerSentEvent(data="other", id="3")


@pytest.mark.parametrize(
    ("events", "error"),
    [
        ([*EVENTS[:2], *EVENTS[3:]], "event 3 was expected, event 4 came"),
        ([*EVENTS[:3], *EVENTS[2:]], "event 4 was expected, event 3 came"),
        (EVENTS[:-1], "30 events were expected, 29 came"),
        ([*EVENTS[:2], OTHER, *EVENTS[3:]], "other data than the server sent"),
    ],
    ids=["lost", "doubled", "ended early", "changed"],
)
def test_account_notices(events: list[ServerSentEvent], error: str) -> None:
    account = Account(7)
    with pytest.raises(Lost, match=error):
        for event in events:
            account.add(event)
        account.close(30)


def test_account_of_all_events_is_quiet() -> None:
    account = Account(7)
    for event in EVENTS:
        account.add(event)
    account.close(30)


FIRST = Flat(2**26, 1, 10)


@pytest.mark.parametrize("each", [(110_000, 0, 0), (0, 4, 0), (0, 0, 4)], ids=["memory", "tasks", "files"])
def test_growth_is_noticed(each: tuple[int, int, int]) -> None:
    grows = [Flat(*(a + number * b for a, b in zip(FIRST, each, strict=True))) for number in range(40)]
    with pytest.raises(Lost, match=r"grew from .* under a steady load"):
        check_flat(grows, FIRST, FIRST)


def test_what_is_left_is_noticed() -> None:
    samples = [Flat(2**26, STEADY_STREAMS, 200)] * 40
    check_flat(samples, FIRST, FIRST)
    with pytest.raises(Lost, match="are left"):
        check_flat(samples, FIRST, FIRST._replace(files=11))
