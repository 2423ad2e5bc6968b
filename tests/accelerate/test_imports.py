"""accelerate() before the libraries are imported, and during the import."""

from __future__ import annotations

import subprocess
import sys
from textwrap import dedent
from typing import Any

import pytest

import ssescan

from .patched_places import are_identical, attributes

pytestmark = pytest.mark.usefixtures("restored")


def in_a_new_interpreter(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", dedent(program)], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_libraries_are_patched_when_imported() -> None:
    output = in_a_new_interpreter("""
        import sys, warnings
        import ssescan
        acceleration = ssescan.accelerate()
        assert not {"openai", "anthropic", "google", "httpx", "httpx2", "httpx_sse", "pydantic"} & set(sys.modules)
        assert all("when it is imported" in line for line in acceleration.report.values()), acceleration.report
        warnings.simplefilter("ignore")
        import openai
        assert "is accelerated" in acceleration.report["openai"]
        from anthropic import Anthropic
        import google.genai
        import httpx_sse
        spec = openai._base_client.__spec__
        assert "exec_module" not in vars(spec.loader)
        print(sorted(line.split()[0] for line in acceleration.report.values() if "is accelerated" in line))
        acceleration.undo()
        assert openai._streaming.Stream.__stream__.__module__ == "openai._streaming"
    """)
    assert output == "['anthropic', 'google-genai', 'httpx-sse', 'httpx2', 'openai']\n"


def test_undone_before_the_import_is_never_patched() -> None:
    in_a_new_interpreter("""
        import sys
        finders = list(sys.meta_path)
        import ssescan
        first, second = ssescan.accelerate("httpx2"), ssescan.accelerate("httpx2")
        first.undo()
        second.undo()
        assert sys.meta_path == finders
        import httpx2
        assert httpx2._sse._SSEParser.__module__ == "httpx2._sse"
    """)


def test_concurrent_imports_are_patched() -> None:
    in_a_new_interpreter("""
        import threading, ssescan
        acceleration = ssescan.accelerate("openai")
        def work():
            import openai
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads: thread.start()
        for thread in threads: thread.join(60)
        assert "is accelerated" in acceleration.report["openai"], acceleration.report
    """)


def test_raised_warning_does_not_break_an_import(tmp_path: Any) -> None:
    folder = tmp_path / "httpx_sse"
    folder.mkdir()
    (folder / "__init__.py").write_text("from ._api import EventSource")
    (folder / "_api.py").write_text("class EventSource:\n    def iter_sse(self):\n        return iter('changed')\n")
    output = subprocess.run(
        [sys.executable, "-W", "error", "-c", dedent("""
            import sys
            sys.path.insert(0, sys.argv[1])
            import ssescan
            acceleration = ssescan.accelerate("httpx-sse")
            import httpx_sse
            assert list(httpx_sse.EventSource().iter_sse()) == list("changed")
            assert "left alone" in acceleration.report["httpx-sse"], acceleration.report
            acceleration.undo()
            try:
                ssescan.accelerate("httpx-sse")
            except RuntimeWarning as warning:
                print(warning)
            assert not acceleration.report["httpx-sse"].count("left")
        """), str(tmp_path)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert output.returncode == 0, output.stderr
    assert "left alone" in output.stdout
    assert "left alone" in output.stderr
    assert "Traceback" not in output.stderr


def test_blocked_module_is_not_imported(monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "httpx_sse._api", None)
    before = attributes()
    with ssescan.accelerate() as acceleration:
        assert "accelerated when it is imported" in acceleration.report["httpx-sse"]
        assert "is accelerated" in acceleration.report["openai"]
    assert are_identical(before, attributes())


def test_accelerate_during_an_import_waits_for_it(tmp_path: Any) -> None:
    folder = tmp_path / "httpx_sse"
    folder.mkdir()
    (folder / "__init__.py").write_text("from . import _api")
    (folder / "_api.py").write_text(
        "import builtins; builtins.begun.set(); builtins.go_on.wait(20)\nclass EventSource: pass\n"
    )
    output = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", dedent("""
            import builtins, sys, threading
            sys.path.insert(0, sys.argv[1])
            builtins.begun, builtins.go_on = threading.Event(), threading.Event()
            import ssescan
            first = ssescan.accelerate("httpx-sse")
            importing = threading.Thread(target=lambda: __import__("httpx_sse"))
            importing.start()
            builtins.begun.wait(20)
            first.undo()
            threading.Timer(0.2, builtins.go_on.set).start()  # the next line must end, before and after this
            second = ssescan.accelerate("httpx-sse")
            importing.join(20)
            assert not importing.is_alive()
            print(second.report["httpx-sse"])
            second.undo()
        """), str(tmp_path)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert output.returncode == 0, output.stderr
    assert "left alone" in output.stdout


LOADERS = """
    class Slots:
        __slots__ = ()
        def create_module(self, spec): return None
        def exec_module(self, module): module.EventSource = "theirs"
    class Static:
        @staticmethod
        def create_module(spec): return None
        @staticmethod
        def exec_module(module): module.EventSource = "theirs"
    class Shared:
        def create_module(self, spec): return None
        def exec_module(self, module):
            module.EventSource = "theirs"
            if module.__name__ == "httpx_sse": import httpx_sse._api
    shared = Shared()
"""


@pytest.mark.parametrize("loader", ["Slots()", "Static", "shared"])
def test_unwatchable_loader_still_imports(loader: str) -> None:
    in_a_new_interpreter(
        dedent("""
            import sys, warnings
            from importlib.machinery import ModuleSpec
            warnings.simplefilter("ignore")
        """)
        + dedent(LOADERS)
        + dedent(f"""
            class Finder:
                def find_spec(self, name, path=None, target=None):
                    if name.partition(".")[0] == "httpx_sse":
                        return ModuleSpec(name, {loader}, is_package=name == "httpx_sse")
            sys.meta_path.insert(0, Finder())
            import ssescan
            acceleration = ssescan.accelerate("httpx-sse")
            import httpx_sse, httpx_sse._api
            assert httpx_sse._api.EventSource == "theirs"
            assert "left alone" in acceleration.report["httpx-sse"], acceleration.report
            assert "exec_module" not in vars(shared)
            acceleration.undo()
        """)
    )


def test_undo_does_not_change_the_list_of_finders() -> None:
    acceleration = ssescan.accelerate("httpx-sse")
    acceleration.undo()
    in_a_new_interpreter("""
        import sys, ssescan
        acceleration = ssescan.accelerate("httpx-sse")
        going_through = sys.meta_path
        before = list(going_through)
        acceleration.undo()
        assert going_through == before and len(sys.meta_path) == len(before) - 1
    """)
