"""The pages list every public name, exception, part, command, status and option."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

import ssescan
import ssescan.bulk
import ssescan.errors
import ssescan.providers
import ssescan.testing
from ssescan.cli.command import COMMANDS
from ssescan.cli.exits import Exit
from ssescan.scanner._shared import scanner_options

DOCS = Path(__file__).parents[2] / "docs"
pytestmark = pytest.mark.skipif(not DOCS.is_dir(), reason="the docs are missing: the tests run outside of the checkout")
ENTRY = re.compile(r"^\.\. (?:auto)?(?:class|function|exception):: (\S+)$", re.MULTILINE)
NEEDS_AN_EXTRA = {
    "Message", "Redact", "Relay", "Transcoder", "Writer", "arelay", "astream", "atranscode", "relay", "stream",
    "transcode",
}  # fmt: skip
RETURNED = ("Acceleration", "AsyncByteStream", "ByteStream", "StreamCounts")
NO_ENTRY = {"backend", "Block", "FinishReason"}  # the text names them


def text() -> str:
    return (DOCS / "reference.md").read_text(encoding="utf-8")


def test_reference_has_every_public_name_once() -> None:
    entries = [name.rpartition(".")[2] for name in ENTRY.findall(text()) if not name.startswith("ssescan.providers.")]
    assert len(entries) == len(set(entries))
    public = {*ssescan.__all__, *NEEDS_AN_EXTRA, *ssescan.providers.__all__, *ssescan.testing.__all__, *RETURNED}
    public |= {*ssescan.bulk.__all__}
    assert set(entries) == public - NO_ENTRY
    for name in NO_ENTRY:
        assert f"`{name}`" in text() or f"`ssescan.{name}`" in text()


def test_errors_page_has_every_exception() -> None:
    page = (DOCS / "errors.md").read_text(encoding="utf-8")
    for name in ssescan.errors.__all__:
        assert name in page
        if name != "SsescanError":
            assert f"| `{name}` |" in page


def test_providers_page_has_every_part() -> None:
    page = (DOCS / "providers.md").read_text(encoding="utf-8")
    for name in ssescan.providers.__all__:
        part = getattr(ssescan.providers, name)
        if isinstance(part, type) and issubclass(part, ssescan.providers.Part) and name != "Part":
            assert f"`{name}`" in page, name


def test_cli_page_has_every_command_and_status() -> None:
    page = (DOCS / "cli.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `ssescan (\w+)` \|", page, re.MULTILINE) == list(COMMANDS)
    assert sorted(map(int, re.findall(r"^\| (\d+) \|", page, re.MULTILINE))) == sorted(map(int, Exit))


def test_rules_page_has_every_number_once() -> None:
    page = (DOCS / "rules.md").read_text(encoding="utf-8")
    assert list(map(int, re.findall(r"^\| R(\d+) \|", page, re.MULTILINE))) == list(range(1, 47))


def test_scanner_page_has_every_option() -> None:
    page = (DOCS / "scanner.md").read_text(encoding="utf-8")
    for name in list(inspect.signature(scanner_options).parameters)[1:]:
        assert f"| `{name}` |" in page, name
