"""That the check of linearity.py bites: a scanner that is quadratic does not pass it."""

from __future__ import annotations

import shutil

import linearity
import pytest


def test_a_quadratic_scanner_is_caught_by_its_time(capsys: pytest.CaptureFixture[str]) -> None:
    assert linearity.main(["--self-test"]) == 0
    assert "tail + chunk, one event, quadratic" in capsys.readouterr().out


@pytest.mark.skipif(shutil.which("valgrind") is None, reason="valgrind is not installed: it counts the instructions")
def test_a_quadratic_scanner_is_caught_by_its_instructions(capsys: pytest.CaptureFixture[str]) -> None:
    assert linearity.main(["--self-test", "--instructions"]) == 0
    assert "tail + chunk, one event, quadratic" in capsys.readouterr().out


def test_a_scanner_that_does_not_do_the_work_is_caught() -> None:
    case = linearity.Case("one event that is never given", 4096, lambda size: [b"x" * size], lambda _: 1)
    with pytest.raises(AssertionError, match="0 events were read at 1024, not 1"):
        linearity.measure(case, "python")
