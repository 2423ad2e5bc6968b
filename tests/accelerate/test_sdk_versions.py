"""The tested versions of the SDKs: tests/accelerate/sdk_versions.json, known_versions.py and docs/versions.md agree."""

from __future__ import annotations

import importlib
import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from ssescan.dropin.sdk.known_versions import KNOWN_RANGES, out_of_range

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))
try:
    sdk_installed: Any = importlib.import_module("sdk_installed")
    sdk_versions: Any = importlib.import_module("sdk_versions")
    sdk_versions_page: Any = importlib.import_module("sdk_versions_page")
finally:
    sys.path.remove(str(ROOT / "tools"))

RESULTS = sdk_versions_page.read_results()
# At least as fast as this, from memory, with every version.
LEAST = {"openai-chat": 8, "openai-responses": 8, "anthropic": 2.5, "gemini": 3.5}
EACH = [(sdk, name) for sdk, known in RESULTS.items() for name in known]


def test_page_has_the_results() -> None:
    page = sdk_versions_page.PAGE.read_text("utf-8")
    assert sdk_versions_page.with_tables(page, RESULTS) == page


@pytest.mark.parametrize("sdk", ["openai", "anthropic", "google-genai"])
def test_range_is_the_one_that_was_tested(sdk: str) -> None:
    oldest, newest = KNOWN_RANGES[sdk]
    names = [name for name in RESULTS[sdk] if " " not in name]
    assert len(names) >= 8
    assert names[0].startswith(oldest)
    assert names[-1].startswith(newest)
    assert not any(out_of_range(sdk, name) for name in names)


@pytest.mark.parametrize(("sdk", "name"), EACH)
def test_version_is_accelerated_or_has_a_reason(sdk: str, name: str) -> None:
    facts = RESULTS[sdk][name]
    if not facts["report"].endswith("is accelerated"):
        assert "left alone, because" in facts["report"]
    elif "pydantic" not in name:
        assert facts["times_as_fast"]
        assert all(ratio >= LEAST[api] for api, ratio in facts["times_as_fast"].items())


@pytest.mark.parametrize("sdk", ["openai", "anthropic", "google-genai"])
def test_version_between_those_that_were_chosen(sdk: str) -> None:
    between = set(RESULTS[sdk]) - set(sdk_versions.VERSIONS[sdk])
    reports = {name: RESULTS[sdk][name]["report"] for name in between if " " not in name}
    assert reports == {name: f"{sdk} {name} is accelerated" for name in reports}
    assert reports


@pytest.mark.parametrize("sdk", ["openai", "anthropic", "google-genai"])
def test_installed_version_has_the_inside_of_the_table(sdk: str) -> None:
    facts = RESULTS[sdk].get(version(sdk))
    if facts is None:
        pytest.skip(f"{sdk} {version(sdk)} is not in the table")
    assert sdk_installed.inside(sdk) == facts["inside"], json.dumps(facts)
