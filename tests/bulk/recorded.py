"""A folder of recorded bodies, good and bad: whole and cut streams of each format, tapes, and other files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from testing.streams import APIS, pieces_of, stream_of, tape_lines

if TYPE_CHECKING:
    from pathlib import Path


def bodies() -> dict[str, bytes]:
    """Return the bodies by the names of their files."""
    found = {
        "empty.sse": b"",
        "page.html": b"<html>",
        "binary.sse": bytes(range(256)),
        "future.tape": b'{"ssescan_tape":2}\n',
    }
    for api in APIS:
        data = stream_of(api)
        pieces = pieces_of(data, 500)
        found |= {
            f"{api}.sse": data,
            f"{api}-cut.sse": data[: len(data) // 2],
            f"{api}.tape": tape_lines(pieces),
            f"{api}-killed.tape": tape_lines(pieces[:-3], end=None)[:-9],
            f"{api}-failed.tape": tape_lines(pieces[:4], end="failed"),
            f"{api}-damaged.tape": tape_lines(pieces).replace(b'"data":"', b'"data":"?', 1),
        }
    return found


def write_to(folder: Path) -> None:
    """Write the bodies to a folder that does not exist yet."""
    folder.mkdir()
    for name, body in bodies().items():
        (folder / name).write_bytes(body)
