"""Importing `ssescan.providers`: the modules that it loads, and the errors if msgspec is missing or too old."""

from __future__ import annotations

import subprocess
import sys

import pytest

from .test_tables_anthropic import HEY
from .test_tables_responses import named

BODY = named(*HEY)

HIDE_MSGSPEC = """
import sys

class Hides:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "msgspec":
            raise ModuleNotFoundError("No module named 'msgspec'", name="msgspec")

sys.meta_path.insert(0, Hides())
import ssescan
"""


def run(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_import_error_names_the_extra() -> None:
    program = (
        HIDE_MSGSPEC + "try:\n    import ssescan.providers\nexcept ImportError as error:\n    print(error.name, error)"
    )
    name, _, reason = run(program).partition(" ")
    assert name == "msgspec"
    assert "ssescan[providers]" in reason


def test_package_lists_parts_only_with_msgspec() -> None:
    assert run("import ssescan\nprint(ssescan.providers.TextDelta(text='a').text)") == "a\n"
    program = """
import ssescan
assert not hasattr(ssescan, "providers") and "providers" not in dir(ssescan)
for reach in (lambda: ssescan.providers, lambda: __import__("ssescan", fromlist=["providers"]).providers):
    try:
        reach()
    except (AttributeError, ImportError) as error:
        print(type(error).__name__, "ssescan[providers]" in str(error))
"""
    assert run(HIDE_MSGSPEC + program).split() == ["AttributeError", "True", "ImportError", "True"]


def test_old_msgspec_is_refused_at_import() -> None:
    # In 0.20 and before, its error for damaged JSON is not a ValueError.
    program = """
import sys, types
old = types.ModuleType("msgspec")
old.__version__, old.DecodeError = "0.20.0", type("DecodeError", (Exception,), {})
sys.modules["msgspec"] = old
import ssescan
assert ssescan.iter_events(b"data: a").outcome is None
try:
    ssescan.stream([])
except ImportError as error:
    print(error.name, error)
"""
    name, _, reason = run(program).partition(" ")
    assert name == "msgspec"
    assert "0.21 or newer, and 0.20.0 is installed" in reason
    assert "pip install -U 'ssescan[providers]'" in reason


@pytest.mark.parametrize("name", ["stream", "astream", "Message"])
def test_names_without_msgspec_raise_on_use(name: str) -> None:
    program = (
        HIDE_MSGSPEC
        + f"""
assert hasattr(ssescan, {name!r})
from ssescan import *
from ssescan import {name}
try:
    {name}([])
except ImportError as error:
    print(error)
"""
    )
    assert "ssescan[providers]" in run(program)


HEAVY = ("openai", "anthropic", "google", "httpx", "httpx2", "requests", "urllib3", "aiohttp", "niquests", "pydantic", "trio", "anyio")  # fmt: skip


@pytest.mark.parametrize("use", ["", "ssescan.providers.stream(body).collect().to_turn()"], ids=["import", "use"])
def test_import_loads_no_sdk_and_no_http_client(use: str) -> None:
    program = f"import sys, ssescan.providers\nbody = {BODY!r}\n{use}\nprint(*sorted(name.partition('.')[0] for name in sys.modules))"
    assert not set(run(program).split()) & set(HEAVY)


def test_formats_load_lazily() -> None:
    program = "import sys, ssescan.providers\nprint(*sys.modules)"
    assert "ssescan.providers.gemini" not in run(program).split()


def test_package_does_not_load_providers() -> None:
    loaded = run("import sys, ssescan\nprint(*sys.modules)").split()
    assert "msgspec" not in loaded
    assert "ssescan.providers" not in loaded
