"""Importing the package: the modules that it loads, the names that it exports, the backend that runs."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import ssescan

if TYPE_CHECKING:
    import pytest


def python(script: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", script],
        env={**{k: v for k, v in os.environ.items() if k != "SSESCAN_BACKEND"}, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_import_loads_the_standard_library_only(backend: str) -> None:
    loaded = python(
        "import sys; before = set(sys.modules); import ssescan; print(*sorted(set(sys.modules) - before))",
        SSESCAN_BACKEND=backend,
    )
    assert loaded.returncode == 0, loaded.stderr
    tops = {name.partition(".")[0] for name in loaded.stdout.split()} - {"ssescan"}
    # Cython's own modules are part of the extension.
    tops = {name for name in tops if not name.startswith(("_cython_", "cython_runtime"))}
    assert tops <= sys.stdlib_module_names
    # These cost more time than our own modules together.
    assert not tops & {
        "typing",
        "re",
        "json",
        "asyncio",
        "dataclasses",
        "inspect",
        "logging",
        "email",
        "http",
        "ssl",
        "trio",
    }
    assert "ssescan.cli" not in loaded.stdout
    assert "ssescan.client" not in loaded.stdout


def test_environment_forces_a_backend(backend: str) -> None:
    result = python(
        "import ssescan; print(ssescan.backend, ssescan.Scanner.feed.__class__.__name__ == 'function')",
        SSESCAN_BACKEND=backend,
    )
    assert result.stdout.split() == [backend, str(backend == "python")]


def test_compiled_backend_is_the_default(request: pytest.FixtureRequest) -> None:
    result = python("import ssescan.scanner; print(ssescan.backend, '|', ssescan.scanner.backend_reason)")
    backend, _, reason = result.stdout.strip().partition(" |")
    if request.config.getoption("--backend") == "python":
        assert backend in ("compiled", "python")
    else:
        assert backend == "compiled"
    assert bool(reason.strip()) is (backend == "python")


HIDE = """
import sys
class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name == "ssescan.scanner._compiled":
            raise ImportError("hidden by the test", name=name)
sys.meta_path.insert(0, Hidden())
"""


def test_missing_extension_is_replaced_with_a_reason() -> None:
    result = python(HIDE + "import ssescan.scanner; print(ssescan.backend, ssescan.scanner.backend_reason)")
    assert result.stdout.startswith("python ")
    assert "hidden by the test" in result.stdout


def test_forced_missing_extension_is_an_import_error() -> None:
    result = python(HIDE + "import ssescan", SSESCAN_BACKEND="compiled")
    assert result.returncode == 1
    assert "ImportError: SSESCAN_BACKEND=compiled is set" in result.stderr
    assert "hidden by the test" in result.stderr


def test_unknown_backend_is_an_import_error() -> None:
    result = python("import ssescan", SSESCAN_BACKEND="rust")
    assert "ImportError: SSESCAN_BACKEND must be 'compiled', 'python' or unset, not 'rust'" in result.stderr


def test_exported_names_belong_to_the_package() -> None:
    assert ssescan.__all__ == sorted(ssescan.__all__)
    for name in ssescan.__all__:
        thing: Any = getattr(ssescan, name)
        if name != "backend":
            assert thing.__module__ == "ssescan"
            assert thing.__doc__


def test_client_loads_lazily_and_imports_no_library() -> None:
    loaded = python(
        "import sys, ssescan; assert {'connect', 'EventSource'} <= set(dir(ssescan)); before = set(sys.modules);"
        "from ssescan import connect, EventSource; print(*set(sys.modules) - before)"
    )
    assert loaded.returncode == 0, loaded.stderr
    tops = {name.partition(".")[0] for name in loaded.stdout.split()}
    assert "ssescan.client" in loaded.stdout
    assert tops - {"ssescan"} <= sys.stdlib_module_names
    assert not tops & {"typing", "re", "json", "asyncio", "random", "traceback", "trio"}


def test_exceptions_have_one_root_and_can_be_pickled() -> None:
    import pickle

    made: list[ssescan.SsescanError] = [
        ssescan.EventTooLarge(10, 20, [ssescan.ServerSentEvent()]),
        ssescan.UnexpectedStatus(500, b"body", object()),
        ssescan.UnexpectedContentType("text/html", b"<p>", object()),
        ssescan.UnsupportedEncoding("gzip, gzip", object()),
        ssescan.StreamStalled("idle", 1.5, 3),
        ssescan.ReconnectsExhausted(4),
        ssescan.UnknownFormat(ssescan.ServerSentEvent()),
        ssescan.StreamCut("message so far"),
        ssescan.ProviderError("openai-chat", "server_error", 500, "overloaded", {}, None),
    ]
    assert {type(error).__name__ for error in made} == {
        name for name in ssescan.__all__ if isinstance(getattr(ssescan, name), type)
        and issubclass(getattr(ssescan, name), ssescan.SsescanError)
    } - {"SsescanError"}  # fmt: skip
    for error in made:
        again = pickle.loads(pickle.dumps(error))
        assert type(again) is type(error)
        assert str(again) == str(error) != ""
        kept = {name: value for name, value in vars(error).items() if name != "response"}
        assert {name: value for name, value in vars(again).items() if name != "response"} == kept


def test_accelerate_loads_lazily_and_imports_no_library() -> None:
    loaded = python(
        "import sys, ssescan; assert 'accelerate' in dir(ssescan) and 'accelerate' in ssescan.__all__;"
        "ssescan.accelerate().undo(); print(*sys.modules)"
    )
    assert loaded.returncode == 0, loaded.stderr
    tops = {name.partition(".")[0] for name in loaded.stdout.split()}
    assert not tops & {"openai", "anthropic", "google", "httpx", "httpx2", "httpx_sse", "pydantic", "pydantic_core"}
