"""`--plot` of `read` and `ask`: the file, the marks in it, and what cannot be plotted."""

import re
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import pytest

from ssescan.testing import Tape, replay_server

from .answers import CUT, ENDED, FAILED, STOP, USAGE, WHOLE, error_line, text
from .processes import RunHere, run, without

CHAT = files("ssescan.cli").joinpath("streams", "openai-chat.sse").read_bytes()
pytest.importorskip("matplotlib", reason="the extra plots is not installed")


def tape_of(folder: Path, *reads: tuple[float, bytes], end: str = "ended") -> str:
    """Write a tape with reads at these seconds; return its path."""
    import base64
    import json

    lines: list[object] = [
        {"ssescan_tape": 1, "response": {"status": 200, "headers": {"content-type": "text/event-stream"}}}
    ]
    lines += [{"ns": int(time * 1e9), "data": base64.b64encode(data).decode()} for time, data in reads]
    lines.append({"ns": int(reads[-1][0] * 1e9), "outcome": end})
    path = folder / "recorded.tape"
    path.write_bytes(b"".join(json.dumps(line, separators=(",", ":")).encode() + b"\n" for line in lines))
    return str(path)


def words_of(plot: Path) -> str:
    """Return the text in an SVG."""
    return " | ".join(re.findall(r"<text[^>]*>([^<]*)</text>", plot.read_text(encoding="utf-8")))


def test_tape_is_plotted_with_its_own_times(tmp_path: Path, run_here: RunHere) -> None:
    tape = tape_of(tmp_path, (0.25, text("He")), (0.3, text("llo")), (0.35, text("!")), (1.65, text("?") + STOP))
    plot = tmp_path / "plot.svg"
    done = run_here("read", tape, "--plot", str(plot))
    assert (done.status, done.out) == (ENDED, b"Hello!?\n")
    words = words_of(plot)
    for expected in ("first part 250 ms", "stall 1.3 s", "text (4)", "bytes read", "stop, complete, 1.65 s"):
        assert expected in words
    assert words.count(" stall ") == 1
    first = plot.read_bytes()
    run_here("read", tape, "--plot", str(plot))
    assert plot.read_bytes() == first


def test_even_reads_have_no_stall(tmp_path: Path, run_here: RunHere) -> None:
    tape = tape_of(tmp_path, *((number * 0.7, text("a")) for number in range(1, 6)), (4.2, STOP))
    run_here("read", tape, "--plot", str(tmp_path / "plot.svg"))
    assert " stall " not in words_of(tmp_path / "plot.svg")


def test_png(tmp_path: Path, run_here: RunHere) -> None:
    plot = tmp_path / "plot.PNG"
    assert run_here("read", tape_of(tmp_path, (0.1, WHOLE)), "--plot", str(plot)).status == ENDED
    assert plot.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(("fault", "status"), [({}, ENDED), ({"cut_at": 5000}, FAILED), ({"stall_at": 5000}, FAILED)])
@pytest.mark.parametrize("command", ["ask", "read"])
def test_response_is_plotted_however_it_ends(
    command: str, fault: dict[str, int], status: int, tmp_path: Path, run_here: RunHere
) -> None:
    plot = tmp_path / "plot.svg"
    with replay_server(Tape([CHAT]), **fault) as server:  # type: ignore[arg-type]
        target = ("Hi", "--url") if command == "ask" else ()
        done = run_here(
            command, *target, f"{server.url}/v1/chat/completions?key=SECRET", "--idle", "0.7", "--plot", str(plot),
            *(("-d", '{"stream": true}') if command == "read" else ()),
        )  # fmt: skip
    assert done.status == status
    words = words_of(plot)
    assert "first part" in words
    assert ("complete" in words, "failed" in words) == (status == ENDED, status == FAILED)
    assert (" stall " in words) == ("stall_at" in fault)
    assert "SECRET" not in plot.read_text(encoding="utf-8")


def test_cut_tape_is_plotted_with_its_status(tmp_path: Path, run_here: RunHere) -> None:
    done = run_here("read", tape_of(tmp_path, (0.1, text("He"))), "--plot", str(tmp_path / "plot.svg"))
    assert done.status == CUT
    assert "cut" in words_of(tmp_path / "plot.svg")


def test_dollars_in_a_name_are_text(tmp_path: Path, run_here: RunHere) -> None:
    folder = tmp_path / "a$_{b}$"
    folder.mkdir()
    assert run_here("read", tape_of(folder, (0.1, WHOLE)), "--plot", str(tmp_path / "plot.svg")).status == ENDED
    assert "a$_{b}$" in words_of(tmp_path / "plot.svg")


@pytest.mark.parametrize(
    ("path", "said"),
    [("plot.pdf", "expected a file that ends with .svg or .png"), ("no/such/plot.svg", "in a folder that exists")],
)
def test_wrong_files(path: str, said: str, run_here: RunHere) -> None:
    done = run_here("read", "--plot", path, stdin=WHOLE)
    assert done.status == USAGE
    assert said in error_line(done)


def test_file_without_times_is_wrong_use(file_of: Callable[[bytes], str], tmp_path: Path, run_here: RunHere) -> None:
    done = run_here("read", file_of(WHOLE), "--plot", str(tmp_path / "plot.svg"))
    assert done.status == USAGE
    assert "expected times for --plot" in error_line(done)


def test_plot_that_cannot_be_written_is_status_1(tmp_path: Path, run_here: RunHere) -> None:
    (tmp_path / "plot.svg").mkdir()
    done = run_here("read", tape_of(tmp_path, (0.1, WHOLE)), "--plot", str(tmp_path / "plot.svg"))
    assert (done.status, done.out) == (1, "Hello é\n".encode())
    assert "expected to write the plot, got " in error_line(done)


def test_missing_matplotlib_names_the_extra(tmp_path: Path) -> None:
    gone = without(("matplotlib",), tmp_path)
    done = run("ask", "Hi", "--url", "127.0.0.1:9", "--plot", str(tmp_path / "plot.svg"), env=gone)
    assert done.status == 1
    assert "pip install 'ssescan[cli,plots]'" in done.err
    assert "connect" not in done.err  # nothing was sent
    assert run("read", tape_of(tmp_path, (0.1, WHOLE)), env=gone).status == ENDED
