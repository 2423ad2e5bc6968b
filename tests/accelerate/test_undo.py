"""accelerate(): what is patched when, by how many, and that it all goes back."""

from __future__ import annotations

import inspect
import subprocess
import sys
import threading
import warnings
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import anthropic._streaming
import google.genai._gaos.utils.eventstreaming
import google.genai.models
import httpx2
import httpx_sse
import openai._streaming
import pytest

import ssescan
from ssescan.dropin.sdk import acceleration as module
from ssescan.dropin.sdk.fingerprints import differences, fingerprint, normalize

from .sdks import SERVED, Body, asked, client, seen
from .test_framing import A, B

if TYPE_CHECKING:
    from collections.abc import Callable

PLACES: tuple[Any, ...] = (
    openai._streaming.Stream,
    openai._streaming.AsyncStream,
    openai._base_client.BaseClient,
    anthropic._streaming.Stream,
    anthropic._streaming.AsyncStream,
    google.genai._api_client,
    google.genai._api_client.HttpResponse,
    google.genai._common.BaseModel,
    google.genai.models,
    google.genai.types.HttpResponse,
    google.genai._gaos.utils.eventstreaming,
    httpx2._sse,
    httpx_sse._api,
    httpx_sse._api.EventSource,
)
STREAM = [b"data: " + A + b"\n\ndata: " + B + b"\n\ndata: [DONE]\n\n"]


def objects() -> list[dict[str, Any]]:
    """All that stands in the modules and classes of the SDKs, the very objects."""
    # Anthropic's streams copy themselves, and Python then keeps the names of their slots.
    return [{name: thing for name, thing in vars(place).items() if name != "__slotnames__"} for place in PLACES]


def same(one: list[dict[str, Any]], other: list[dict[str, Any]]) -> bool:
    return all(
        before.keys() == after.keys() and all(before[name] is after[name] for name in before)
        for before, after in zip(one, other, strict=True)
    )


@pytest.fixture(autouse=True)
def untouched() -> Any:
    before = objects()
    finders = list(sys.meta_path)
    yield
    assert same(before, objects())
    assert sys.meta_path == finders


def test_undo_gives_back_the_very_same_objects() -> None:
    before = objects()
    acceleration = ssescan.accelerate()
    assert not same(before, objects())
    assert all("accelerated" in line for line in acceleration.report.values()), acceleration.report
    acceleration.undo()
    assert same(before, objects())
    acceleration.undo()
    assert same(before, objects())
    assert set(acceleration.report.values()) == {"undone"}


def test_it_is_a_context_manager_and_undoes_after_an_error() -> None:
    before = objects()
    with pytest.raises(KeyError), ssescan.accelerate("openai", "httpx2") as acceleration:
        assert list(acceleration.report) == ["openai", "httpx2"]
        raise KeyError
    assert same(before, objects())


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2), (2, 0, 1)])
def test_the_last_one_undone_gives_back_in_any_order(order: tuple[int, ...]) -> None:
    before = objects()
    accelerations = [ssescan.accelerate("openai"), ssescan.accelerate("openai", "anthropic"), ssescan.accelerate()]
    patched = openai._streaming.Stream.__dict__["__stream__"]
    for place in order[:-1]:
        accelerations[place].undo()
        accelerations[place].undo()
        assert (openai._streaming.Stream.__dict__["__stream__"] is patched) is True
    accelerations[order[-1]].undo()
    assert same(before, objects())


def test_a_library_named_twice_is_counted_once() -> None:
    acceleration = ssescan.accelerate("openai", "openai")
    acceleration.undo()
    assert list(acceleration.report) == ["openai"]


def test_threads_that_accelerate_and_undo_at_once_leave_nothing_behind() -> None:
    before = objects()
    plain = seen("openai-chat", STREAM)
    wrong: list[Any] = []
    start = threading.Barrier(8)

    def work() -> None:
        start.wait()
        for _ in range(20):
            with ssescan.accelerate("openai", "httpx2") as acceleration:
                if "accelerated" not in acceleration.report["openai"]:
                    wrong.append(acceleration.report)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not wrong
    assert same(before, objects())
    assert seen("openai-chat", STREAM) == plain


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("sdk", ["openai-chat", "anthropic"])
def test_a_stream_that_is_open_goes_on_as_it_began(sdk: str) -> None:
    event = b"data: " + A if sdk == "openai-chat" else b'event: message_stop\ndata: {"type":"message_stop"}'
    chunks = [event + b"\n\n"] * 4
    SERVED.body = Body(chunks)
    with ssescan.accelerate():
        begun = iter(asked(sdk, client(sdk)))
        first = next(begun)
    assert [first, *begun] == [first] * 4
    SERVED.body = Body(chunks)
    plain = iter(asked(sdk, client(sdk)))
    assert next(plain) == first
    with ssescan.accelerate() as acceleration:
        events = dict(acceleration.events)
        assert len(list(plain)) == 3
        assert acceleration.events == events


def test_events_are_counted() -> None:
    with ssescan.accelerate("openai") as acceleration:
        before = acceleration.events["openai"]
        seen("openai-chat", STREAM)
        assert acceleration.events["openai"] == before + 3


def test_a_stream_that_is_left_closes_its_response() -> None:
    with ssescan.accelerate():
        SERVED.body = body = Body([b"data: " + A + b"\n\n"] * 3)
        stream = asked("openai-chat", client("openai-chat"))
        next(iter(stream))
        stream.close()
        assert body.closed
        SERVED.body = body = Body([b"data: " + A + b"\n\n"] * 3)
        with asked("openai-chat", client("openai-chat")) as stream:
            next(iter(stream))
        assert body.closed


def test_a_patch_over_ours_is_not_taken_away() -> None:
    stream: Any = openai._streaming.Stream
    original = stream.__dict__["__stream__"]
    acceleration = ssescan.accelerate("openai")
    ours = stream.__dict__["__stream__"]

    def theirs(self: Any) -> Any:
        return ours(self)

    stream.__stream__ = theirs
    try:
        acceleration.undo()
        assert stream.__dict__["__stream__"] is theirs
        assert len(seen("openai-chat", STREAM)) == 2
    finally:
        stream.__stream__ = original


def test_a_name_that_is_none_is_a_value_error_that_lists_them() -> None:
    with pytest.raises(ValueError, match=r"'openai'.*'google-genai'.*not 'opanai'"):
        ssescan.accelerate("openai", "opanai")


def test_a_named_library_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_is_installed", lambda library: False)
    with pytest.raises(ModuleNotFoundError, match="httpx-sse is not installed") as caught:
        ssescan.accelerate("httpx-sse")
    assert caught.value.name == "httpx_sse"


def changed_stream(self: Any) -> Any:
    return iter(("changed",))


# How a future version may differ: what is changed, and what the report says.
FUTURES: tuple[tuple[str, str, Any, str, Any, str], ...] = (
    ("another loop", "openai", openai._streaming.Stream, "__stream__", changed_stream, "__stream__ is not as expected"),
    ("a loop that is gone", "openai", openai._streaming.AsyncStream, "__stream__", None, "there is no"),
    ("another way to build", "openai", openai._models, "construct_type", lambda **_: None, "construct_type is not"),
    ("no way to build", "anthropic", anthropic._models, "construct_type", None, "there is no"),
    ("a decoder that is gone", "anthropic", anthropic._streaming, "SSEDecoder", None, "there is no"),
    (
        "another decoder",
        "anthropic",
        anthropic._streaming,
        "SSEDecoder",
        type("SSEDecoder", (), {}),
        "SSEDecoder is not",
    ),
    ("other models", "google-genai", google.genai._common, "_remove_extra_fields", print, "_remove_extra_fields"),
    ("another parser", "httpx2", httpx2._sse, "_SSEParser", type("_SSEParser", (), {}), "_SSEParser is not"),
    ("another method", "httpx-sse", httpx_sse._api.EventSource, "iter_sse", changed_stream, "iter_sse is not"),
)


@pytest.mark.parametrize(
    ("name", "owner", "attribute", "replacement", "said"),
    [case[1:] for case in FUTURES],
    ids=[case[0] for case in FUTURES],
)
def test_a_version_whose_inside_has_changed_is_left_alone_and_reported(
    name: str, owner: Any, attribute: str, replacement: Any, said: str
) -> None:
    original = vars(owner)[attribute]
    if replacement is None:
        delattr(owner, attribute)
    else:
        setattr(owner, attribute, replacement)
    try:
        before = objects()
        with pytest.warns(RuntimeWarning, match="left alone"):
            acceleration = ssescan.accelerate(name)
        assert same(before, objects())
        assert "left alone" in acceleration.report[name]
        assert said in acceleration.report[name]
        assert "is accelerated" not in acceleration.report[name]
        acceleration.undo()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with ssescan.accelerate() as others:
                assert sum("is accelerated" in line for line in others.report.values()) == 4
    finally:
        setattr(owner, attribute, original)


def test_who_wraps_what_we_would_replace_is_noticed() -> None:
    from functools import wraps

    original: Callable[[Any], Any] = openai._streaming.Stream.__dict__["__stream__"]

    @wraps(original)
    def wrapped(self: Any) -> Any:
        return original(self)

    assert fingerprint(wrapped) != fingerprint(original)


def test_a_fingerprint_minds_what_is_done_and_not_how_it_is_laid_out() -> None:
    def one(value: int) -> int:
        """Say it."""
        return value + 1

    def same_thing(value):  # type: ignore[no-untyped-def]
        # Another comment.
        return (
            value
            + 1
        )  # fmt: skip

    def another(value: int) -> int:
        return value + 2

    assert source_of_body(one) == source_of_body(same_thing)
    assert source_of_body(one) != source_of_body(another)


def source_of_body(function: Any) -> str:
    """Return what the fingerprint depends on, without the name of the function."""
    return normalize(inspect.getsource(function)).partition("(")[2]


def test_a_module_that_is_not_there_is_told() -> None:
    assert list(differences({"no.such.module:f": ("0",)})) == ["there is no module no.such.module"]


def in_a_new_interpreter(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", dedent(program)], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_no_library_is_imported_by_it_and_each_is_patched_when_the_program_imports_it() -> None:
    told = in_a_new_interpreter("""
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
    assert told == "['anthropic', 'google-genai', 'httpx-sse', 'httpx2', 'openai']\n"


def test_what_was_undone_before_the_import_is_never_patched() -> None:
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


def test_threads_that_import_meanwhile_find_it_patched() -> None:
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


def test_warnings_that_are_raised_break_no_import(tmp_path: Any) -> None:
    folder = tmp_path / "httpx_sse"
    folder.mkdir()
    (folder / "__init__.py").write_text("from ._api import EventSource")
    (folder / "_api.py").write_text("class EventSource:\n    def iter_sse(self):\n        return iter('changed')\n")
    told = subprocess.run(
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
    assert told.returncode == 0, told.stderr
    assert "left alone" in told.stdout
    assert "left alone" in told.stderr
    assert "Traceback" not in told.stderr


def test_a_library_whose_module_is_barred_is_not_imported_and_nothing_stays_patched(monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "httpx_sse._api", None)
    before = objects()
    with ssescan.accelerate() as acceleration:
        assert "accelerated when it is imported" in acceleration.report["httpx-sse"]
        assert "is accelerated" in acceleration.report["openai"]
    assert same(before, objects())


def test_accelerating_while_another_thread_imports_waits_for_it_and_ends(tmp_path: Any) -> None:
    folder = tmp_path / "httpx_sse"
    folder.mkdir()
    (folder / "__init__.py").write_text("from . import _api")
    (folder / "_api.py").write_text(
        "import builtins; builtins.begun.set(); builtins.go_on.wait(20)\nclass EventSource: pass\n"
    )
    told = subprocess.run(
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
            threading.Timer(0.2, builtins.go_on.set).start()  # whether before or after the next line, it has to end
            second = ssescan.accelerate("httpx-sse")
            importing.join(20)
            assert not importing.is_alive()
            print(second.report["httpx-sse"])
            second.undo()
        """), str(tmp_path)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert told.returncode == 0, told.stderr
    assert "left alone" in told.stdout


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
def test_a_loader_that_cannot_be_watched_imports_as_ever(loader: str) -> None:
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


def test_undo_takes_no_finder_from_who_goes_through_them() -> None:
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


def test_names_in_a_list_are_a_type_error() -> None:
    with pytest.raises(TypeError, match="one after the other, not a list"):
        ssescan.accelerate(["openai"])  # type: ignore[arg-type]
