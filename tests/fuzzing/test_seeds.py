"""The promises of each target, on its seeds: what fuzzing has found, minimised."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest

from . import corpora
from .choices import Choices, cut
from .targets import SHARED, TARGETS

PIECE = 64  # bytes


@pytest.mark.usefixtures("both")
@pytest.mark.parametrize("target", TARGETS)
def test_the_seeds_break_no_promise(target: str) -> None:
    module: Any = import_module(f"{__package__}.targets.{target}")
    inputs = [*corpora.kept(target), *module.seeds()]
    assert sum(map(module.check, inputs)) >= len(inputs)


def test_seeds_are_small() -> None:
    sizes = {file.name: file.stat().st_size for file in corpora.SEEDS.iterdir()}
    assert set(sizes) == {f"{target}.zip" for target in TARGETS if target not in SHARED}
    assert sum(sizes.values()) < 2 * 1024 * 1024


def test_seeds_hold_no_piece_of_a_recorded_stream(shared: Any) -> None:
    recorded = _pieces([file.read_bytes() for file in shared.glob("corpus/**/*.sse")], PIECE)
    assert len(recorded) > 10_000
    for target in TARGETS:
        written_here = _pieces(import_module(f"{__package__}.targets.{target}").seeds())
        found = (_pieces(corpora.kept(target)) & recorded) - written_here
        assert not [piece for piece in found if len(set(piece)) > 1]  # not only "/////"


def _pieces(streams: list[bytes], step: int = 1) -> set[bytes]:
    """Return pieces of streams, one at each step. Any 127 bytes of a stream hold a piece with a step of 64."""
    return {data[begin : begin + PIECE] for data in streams for begin in range(0, len(data) - PIECE + 1, step)}


@pytest.mark.parametrize("data", [b"", b"x", bytes(range(256)), b"data: a\n\n" + b"\3\7\0\5\3" * 3])
def test_chunks_are_the_bytes_that_no_choice_took(data: bytes) -> None:
    chosen = Choices(data)
    assert data.startswith(b"".join(chosen.chunks()))


def test_cut_uses_the_sizes_in_turn() -> None:
    assert cut(b"abcdefg", [1, 0, 2]) == [b"a", b"", b"bc", b"d", b"", b"ef", b"g"]
    assert cut(b"abc", [0]) == [b"abc"]
