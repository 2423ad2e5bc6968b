"""`ssescan bench`: what it measures, that all read the same first, and what it leaves out."""

import json
from pathlib import Path
from typing import Any

import pytest

from ssescan import backend
from ssescan.cli import bench, peers, sdk_streams
from ssescan.cli.command import installed

from .processes import RunHere, run, without


@pytest.fixture
def quick(run_here: RunHere, monkeypatch: pytest.MonkeyPatch) -> RunHere:
    """Return a function that runs `ssescan bench` with few events and few rounds."""
    monkeypatch.setattr(bench, "EVENTS", 50)
    monkeypatch.setattr(bench, "SDK_EVENTS", 30)
    monkeypatch.setattr(bench, "MIN_ROUNDS", 1)
    monkeypatch.setenv("COLUMNS", "40")
    return lambda *arguments, **how: run_here("bench", "--seconds", "0", *arguments, **how)


@pytest.fixture
def without_sdks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sdk_streams, "SDKS", {})


def names_of(output: bytes) -> dict[str, set[str]]:
    groups: list[dict[str, Any]] = json.loads(output)["groups"]
    assert all(taken > 0 for group in groups for taken in group["us"].values())
    return {group["name"]: set(group["us"]) for group in groups}


def test_own_rows(quick: RunHere) -> None:
    done = quick("--json")
    assert (done.status, done.err) == (0, "")
    found = names_of(done.out)
    assert found.pop("events") == ({bench.COMPILED, bench.PURE} if backend == "compiled" else {bench.PURE})
    sdks = [name for name in sdk_streams.SDKS if installed(name)]
    assert found == {name: {bench.PARTS, bench.with_version(name), bench.ACCELERATED} for name in sdks}


@pytest.mark.usefixtures("without_sdks")
def test_peers_at_40_columns(quick: RunHere) -> None:
    done = quick("--peers")
    assert (done.status, done.err) == (0, "")
    lines = done.out.decode().splitlines()
    assert all(len(line) <= 40 for line in lines)
    for name in peers.READERS.keys() & peers.LIBRARIES.keys():
        assert any(line.startswith(bench.with_version(name)) and line.endswith("x") for line in lines), name
    assert any(line.startswith("split by hand ") for line in lines)


@pytest.mark.usefixtures("without_sdks")
def test_reader_that_reads_something_else(quick: RunHere, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "by_hand", lambda chunks, seen=None: peers.read_compiled(chunks[1:], seen))
    done = quick("--peers", "--json")
    assert done.status == 0
    assert "note: split by hand is not measured: it reads something else than ssescan" in done.err
    assert "split by hand" not in names_of(done.out)["events"]


def test_sdk_that_cannot_be_imported(quick: RunHere, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(name: str, chunks: list[bytes]) -> None:
        raise ImportError(f"a\x1b broken {name}")

    monkeypatch.setattr(sdk_streams, "objects_of", broken)
    monkeypatch.setattr(bench, "installed", lambda name: None if name == "anthropic" else "1")
    done = quick()
    assert done.status == 0
    assert "note: openai is not measured: a\u241b broken openai" in done.err
    assert "Not installed, so not measured: anthropic." in " ".join(done.out.decode().split())


@pytest.mark.usefixtures("without_sdks")
def test_plot(quick: RunHere, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="the extra plots is not installed")
    plot = tmp_path / "bench.svg"
    assert quick("--plot", str(plot)).status == 0
    drawn = plot.read_text(encoding="utf-8")
    assert bench.PURE in drawn
    assert "microseconds of CPU an event" in drawn
    plot.unlink()
    plot.mkdir()
    done = quick("--plot", str(plot))
    assert (done.status, "expected to write the plot, got " in done.err) == (1, True)


def test_plot_without_matplotlib_names_the_extra(tmp_path: Path) -> None:
    gone = without(("matplotlib",), tmp_path)
    done = run("bench", "--plot", str(tmp_path / "bench.svg"), env=gone)
    assert (done.status, done.out) == (1, b"")
    assert "pip install 'ssescan[cli,plots]'" in done.err


@pytest.mark.parametrize("api", sdk_streams.MARKS)
def test_long_streams_are_whole_answers(api: str) -> None:
    from ssescan import stream

    short, long = (stream(sdk_streams.long_stream(api, count)).collect() for count in (2, 200))
    assert (short.complete, long.complete) == (True, True)
    assert len(long.text) > 10 * len(short.text) > 0
