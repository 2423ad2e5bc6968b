"""A pytest plugin for a peer's suite: accelerate, leave tests out, count. `SSESCAN_PEERS_ORDER` has the JSON options.

pytest loads it before the suite's conftest imports the library, like a program that calls accelerate() first.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import ssescan

if TYPE_CHECKING:
    from collections.abc import Sequence

ORDER: dict[str, Any] = json.loads(os.environ["SSESCAN_PEERS_ORDER"])
LIBRARY: str = ORDER["accelerated"]

accelerate: Any = getattr(ssescan, "accelerate", None)
if LIBRARY and accelerate is None:
    raise pytest.UsageError("this ssescan has no accelerate()")
ACCELERATION: Any = accelerate(LIBRARY) if LIBRARY else None


class Counts:
    """The numbers of passed, failed, skipped and left out tests, and the outcomes of each test."""

    def __init__(self) -> None:
        self.passed = self.failed = self.skipped = self.left_out = 0
        self.outcomes: dict[str, list[str]] = {}

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        names = set(ORDER["left_out"])
        left_out = [item for item in items if item.nodeid.partition("[")[0] in names]
        missing = names - {item.nodeid.partition("[")[0] for item in left_out}
        if missing and not ORDER["is_other_version"]:
            raise pytest.UsageError(f"tests to leave out do not exist: {', '.join(sorted(missing))}")
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
        self.left_out = len(left_out)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.outcomes.setdefault(report.nodeid, []).append(report.outcome)
        if report.failed:
            self.failed += 1  # an error before or after the test counts as well
        elif report.skipped:
            self.skipped += 1
        elif report.when == "call":
            self.passed += 1

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self.failed += report.failed

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if ACCELERATION is not None:
            print(f"\n{ACCELERATION.report[LIBRARY]}; ssescan read {ACCELERATION.events[LIBRARY]} events")
            if ORDER["reads_events"] and not ACCELERATION.events[LIBRARY]:
                self.failed += 1
                session.exitstatus = pytest.ExitCode.TESTS_FAILED
                print("ssescan read none of the events: these tests do not test it")
        counts = {"backend": ssescan.backend, **vars(self)}
        Path(ORDER["counts"]).write_text(json.dumps(counts), "utf-8")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Counts(), "ssescan-peers-counts")


def pytest_report_header() -> Sequence[str]:
    return [f"ssescan: {ssescan.backend}{', under ' * bool(LIBRARY)}{LIBRARY}"]
