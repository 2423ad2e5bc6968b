"""What importing loads, and how long it takes in a fresh process, beside the peers.

Nothing is asserted of time here: the rows of the speed table are in imports.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import imports
import pytest

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture

CASES = [
    *((name, "ssescan", backend) for name, backend in imports.BACKENDS.items()),
    *((name, name, None) for name in (*imports.OURS, *imports.LIBRARIES, *imports.SDKS)),
]
# An SDK is a second of work, and there is nothing to assert of it.
SLOW = set(imports.SDKS)


@pytest.mark.parametrize("backend", imports.BACKENDS.values())
def test_importing_ssescan_loads_no_third_party_package(backend: str) -> None:
    assert imports.loaded_by("ssescan", backend) == set()


def test_a_drop_in_that_needs_nothing_loads_nothing() -> None:
    assert imports.loaded_by("ssescan.dropin.sseclient") == set()


def test_the_drop_in_of_httpx_sse_loads_httpx_and_not_what_it_stands_in_for() -> None:
    pytest.importorskip("httpx")
    loaded = imports.loaded_by("ssescan.dropin.httpx_sse")
    assert "httpx" in loaded
    assert not loaded & {"httpx_sse", "msgspec"}


def test_the_providers_load_msgspec_and_no_sdk() -> None:
    loaded = imports.loaded_by("ssescan.providers")
    assert "msgspec" in loaded
    assert not loaded & {"anthropic", "google", "httpx", "httpx2", "openai", "pydantic"}


def test_an_import_that_fails_is_told() -> None:
    with pytest.raises(ImportError, match="No module named 'no_such_package'"):
        imports.loaded_by("no_such_package")
    with pytest.raises(RuntimeError, match="status 3"):
        imports.seconds_of("raise SystemExit(3)")


def test_what_is_told_is_beyond_the_start_of_the_interpreter() -> None:
    times = imports.beyond_start({"nothing, again": lambda: 0.0, "more": lambda: 1e6}, rounds=1)
    assert times["nothing, again"] == 0.0
    assert times["more"] == 1e6 - times[imports.NOTHING]
    assert times[imports.NOTHING] > 0


@pytest.mark.parametrize(("name", "module", "backend"), CASES, ids=[case[0] for case in CASES])
def test_importing(benchmark: BenchmarkFixture, name: str, module: str, backend: str | None) -> None:
    benchmark.group = "an import, the interpreter's own start included"
    if benchmark.disabled and name in SLOW:
        pytest.skip("slow, and nothing but the time is of interest")
    try:
        loaded = imports.loaded_by(module, backend)  # the .pyc files are there then
    except ImportError as error:
        pytest.skip(f"{module} is not installed: {error}")
    benchmark.extra_info["packages"] = len(loaded)
    run = imports.importing(module, backend)
    assert benchmark.pedantic(run, rounds=3 if name in SLOW else 10) > 0  # type: ignore[no-untyped-call]
