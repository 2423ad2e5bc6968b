"""`ssescan run`: a program runs and ends as under `python`; then comes the summary."""

import json
import os
import re
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from textwrap import dedent

import pytest

from .processes import COMMAND, GUARD, Done, Server, environment, running

SCRIPT = Path(sys.executable).with_name("ssescan.exe" if os.name == "nt" else "ssescan")
RUNS = [
    pytest.param((*COMMAND, "run"), id="python -m ssescan run"),
    pytest.param(
        (str(SCRIPT), "run"), id="ssescan run", marks=pytest.mark.skipif(not SCRIPT.exists(), reason="not installed")
    ),
]
RUN = (*COMMAND, "run")
PYTHON = (sys.executable,)
NOTHING = "ssescan: nothing was accelerated: the program imported no library that ssescan knows\n"

Put = Callable[..., Path]


@pytest.fixture
def put(tmp_path: Path) -> Put:
    """Return a function that writes a program to a file, in a folder that is not the current one."""

    def put(text: str, name: str = "folder/program.py") -> Path:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(dedent(text), encoding="utf-8")
        return path

    return put


def done(*command: object, folder: Path | None = None, stdin: bytes = b"", **changes: str) -> Done:
    """Run a command to its end."""
    finished = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        input=stdin,
        capture_output=True,
        env=environment(**changes),
        timeout=GUARD,
        check=False,
    )
    return Done(finished.returncode, finished.stdout, finished.stderr.decode())


def stderr_of(finished: Done) -> str:
    """Return the program's standard error, without the summary at its end."""
    assert finished.err.endswith(NOTHING), finished.err
    return finished.err.removesuffix(NOTHING)


# The SDKs

SDKS = {
    "openai": """
        import openai
        client = openai.OpenAI(api_key="none", base_url=sys.argv[1], max_retries=0)
        for chunk in client.chat.completions.create(model="m", messages=[], stream=True):
            print(chunk.model_dump_json())
    """,
    "anthropic": """
        import anthropic
        client = anthropic.Anthropic(api_key="none", base_url=sys.argv[1], max_retries=0)
        for event in client.messages.create(model="m", max_tokens=1, messages=[], stream=True):
            print(event.model_dump_json())
    """,
    "google-genai": """
        from google import genai
        client = genai.Client(api_key="none", http_options=genai.types.HttpOptions(base_url=sys.argv[1]))
        for chunk in client.models.generate_content_stream(model="m", contents="c"):
            print(chunk.text)
    """,
    "httpx2": """
        import httpx2
        with httpx2.Client() as client, client.stream("GET", sys.argv[1]) as response:
            for event in httpx2.EventSource(response):
                print(event)
    """,
}
STREAMS = {"openai": "openai-chat", "anthropic": "anthropic", "google-genai": "gemini", "httpx2": "openai-responses"}
PATHS = {
    "openai": "/chat/completions",
    "anthropic": "/v1/messages",
    "google-genai": "/v1/models/m:streamGenerateContent",
    "httpx2": "/",
}
EVENTS = {"openai": 39, "anthropic": 27, "google-genai": 6, "httpx2": 40}


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("sdk", SDKS)
def test_program_prints_the_same_and_summary_counts_events(
    sdk: str, run: tuple[str, ...], server: Server, put: Put
) -> None:
    body = files("ssescan.cli").joinpath("streams", f"{STREAMS[sdk]}.sse").read_bytes()
    server.answers_with(*(body[at : at + 300] for at in range(0, len(body), 300)), path=PATHS[sdk])
    program = put("import sys\n" + dedent(SDKS[sdk]))
    url = f"http://127.0.0.1:{server.server_port}"
    plain = done(*PYTHON, program, url)
    accelerated = done(*run, "--accelerate", sdk, program, url)
    assert (plain.status, plain.err) == (0, "")
    assert plain.out
    assert (accelerated.status, accelerated.out) == (plain.status, plain.out)
    assert accelerated.err == f"ssescan: {sdk}: 1 stream, {EVENTS[sdk]} events\n"
    if sdk != "httpx2":  # does not know which event is the last one
        server.answers_with(body[: len(body) // 2], path=PATHS[sdk])
        cut = done(*run, "--accelerate", sdk, program, url)
        assert f"ssescan: {sdk}: 1 stream, 1 of them cut off, " in cut.err


def test_all_libraries_by_default_and_imported_ones_reported(put: Put) -> None:
    program = put("import anthropic, httpx_sse, ssescan; print(ssescan.accelerate().report['openai'])")
    finished = done(*RUN, program)
    assert (finished.status, finished.out) == (0, b"will be accelerated when it is imported\n")
    assert "ssescan: anthropic: 0 streams, 0 events\n" in finished.err
    assert "ssescan: httpx-sse: 0 streams, 0 events\n" in finished.err
    assert "openai" not in finished.err


def test_named_library_is_reported_if_not_imported(put: Put) -> None:
    finished = done(*RUN, "--accelerate", "httpx-sse, openai", put("import httpx_sse"))
    assert finished.err == "ssescan: httpx-sse: 0 streams, 0 events\nssescan: openai was not imported\n"


# An unknown httpx-sse in the program's folder, which is left alone.
CHANGED = "class EventSource: pass\n"
LEFT_ALONE = r"ssescan: httpx-sse \S+ is left alone, because .*httpx_sse\._api:EventSource\.iter_sse.* works as without acceleration"


@pytest.mark.parametrize("filters", ["", "error", "ignore"])
@pytest.mark.parametrize("quiet", [False, True])
def test_library_left_alone_is_reported_once_with_the_reason(filters: str, quiet: bool, put: Put) -> None:
    put("from ._api import EventSource", "httpx_sse/__init__.py")
    put(CHANGED, "httpx_sse/_api.py")
    program = put(
        f"""
        import sys, warnings
        if {filters!r}:
            warnings.simplefilter({filters!r})
        import httpx_sse
        print("imported", file=sys.stderr)
        """,
        "program.py",
    )
    finished = done(*RUN, *["--quiet"][:quiet], program)
    assert finished.status == 0
    warning, imported, *summary = finished.err.splitlines()
    assert re.fullmatch(LEFT_ALONE, warning)
    assert imported == "imported"
    assert len(summary) == (0 if quiet else 1)
    assert all(re.fullmatch(r"ssescan: httpx-sse \S+ is left alone, as said above", line) for line in summary)


def test_quiet_prints_no_summary(put: Put) -> None:
    assert done(*RUN, "--quiet", put("import httpx_sse; print(1)")) == Done(0, b"1\n", "")
    assert done(*RUN, "-q", put("raise SystemExit('text')")) == Done(1, b"", "text\n")


# How it ends

ENDS = {
    "to its end": "print(1)",
    "sys.exit()": "import sys; print(1); sys.exit()",
    "sys.exit(3)": "import sys; print(1); sys.exit(3)",
    "sys.exit(True)": "import sys; sys.exit(True)",
    "sys.exit(-1)": "import sys; sys.exit(-1)",
    "sys.exit(256 + 7)": "import sys; sys.exit(256 + 7)",
    "sys.exit of a text": "import sys; print(1); sys.exit('text')",
    "sys.exit of something": "import sys; sys.exit([1, 'é'])",
    "an exception": "def f():\n    1 / 0\nprint(1)\nf()",
    "an exception with a cause": "try:\n    1 / 0\nexcept Exception as error:\n    raise KeyError('a') from error",
    "a BaseException": "class Own(BaseException): pass\nraise Own('text')",
    "a group of exceptions": "raise ExceptionGroup('all', [ValueError('one'), OSError(2, 'two')])",
    "an OSError, not of our output": "open('/nowhere/at/all')",
    "an ImportError, not of our extra": "import msgspec, no_such_module",
    "an exception of click, not of our command": "import click; raise click.UsageError('text')",
    "a syntax error": "print(1)\nif True print(2)",
    "a syntax error in a module": "import broken",
    "code that is not UTF-8": "# coding: latin-1\nprint(ascii('é'))",
    "an excepthook": "import sys\nsys.excepthook = lambda *e: print(e[0], e[2].tb_lineno, e[2].tb_next)\n1 / 0",
    "an exception at exit": "import atexit; atexit.register(lambda: 1 / 0)",
    "an exception in a thread": "import threading; threading.Thread(target=lambda: 1 / 0, name='t').start()",
    "os._exit(5)": "import os; os._exit(5)",
    "asyncio": "import asyncio\nasync def main(): raise SystemExit(4)\nasyncio.run(main())",
}


@pytest.mark.parametrize("text", ENDS.values(), ids=list(ENDS))
def test_program_ends_as_under_python(text: str, put: Put) -> None:
    put("if True print(2)", "folder/broken.py")
    program = put(text)
    if "latin-1" in text:
        program.write_bytes(text.encode("latin-1"))
    plain, accelerated = done(*PYTHON, program), done(*RUN, program)
    assert (accelerated.status, accelerated.out) == (plain.status, plain.out)
    if "_exit" in text:
        assert accelerated.err == ""
    else:
        addresses = "0x[0-9a-f]+"
        assert re.sub(addresses, "", stderr_of(accelerated)) == re.sub(addresses, "", plain.err)


@pytest.mark.parametrize("run", RUNS)
def test_status_is_the_programs(run: tuple[str, ...], put: Put) -> None:
    assert done(*run, put("raise SystemExit(3)")).status == 3
    assert done(*run, put("raise SystemExit('text')")).status == 1
    assert done(*run, put("raise KeyError")).status == 1


def test_keyboard_interrupt_is_status_130_with_traceback(put: Put) -> None:
    program = put("print(1)\nraise KeyboardInterrupt")
    finished = done(*RUN, program)
    assert (finished.status, finished.out) == (130, b"1\n")
    assert stderr_of(finished) == done(*PYTHON, program).err


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_ctrl_c_interrupts_the_program(put: Put) -> None:
    program = put(
        """
        import time
        try:
            print("ready", flush=True)
            time.sleep(60)
        except KeyboardInterrupt:
            print("interrupted")
            raise
        """
    )
    with running("run", str(program)) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(signal.SIGINT)
        assert process.stdout.read() == b"interrupted\n"
        error = process.stderr.read().decode()
        assert process.wait() == 130
    assert re.fullmatch(r"Traceback .*\nKeyboardInterrupt\n" + re.escape(NOTHING), error, re.DOTALL)


def test_summary_comes_after_threads_and_exit_handlers(put: Put) -> None:
    program = put(
        """
        import atexit, sys, threading, time
        def work():
            time.sleep(0.2)
            print("thread", __name__, sys.modules["__main__"].here, file=sys.stderr, flush=True)
        here = "here"
        atexit.register(lambda: print("exit", file=sys.stderr))
        threading.Thread(target=work).start()
        print("main", file=sys.stderr, flush=True)
        """
    )
    finished = done(*RUN, program)
    assert (finished.status, stderr_of(finished)) == (0, "main\nthread __main__ here\nexit\n")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks of POSIX")
@pytest.mark.filterwarnings("ignore")
def test_fork_prints_no_summary(put: Put) -> None:
    program = put("import os\nif child := os.fork():\n    os.waitpid(child, 0)\nprint(bool(child))")
    finished = done(*RUN, program)
    assert sorted(finished.out.split()) == [b"False", b"True"]
    assert stderr_of(finished) == ""


def test_summary_after_replaced_or_closed_streams(put: Put) -> None:
    program = put("import io, sys; sys.stderr = io.StringIO(); sys.stdout.close()")
    assert stderr_of(done(*RUN, program)) == ""
    assert done(*RUN, put("import sys; sys.stderr.close()")) == Done(0, b"", "")


@pytest.mark.skipif(os.name == "nt", reason="a shell of POSIX")
@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-"])
def test_program_runs_with_a_closed_standard_stream(closed: str, put: Put) -> None:
    program = put("import sys; print(sys.stdin is None, sys.stderr is None); sys.exit('text')")
    shell = ("sh", "-c", f'"$@" {closed}', "sh")
    plain, accelerated = done(*shell, *PYTHON, program), done(*shell, *RUN, program)
    assert (accelerated.status, accelerated.out) == (plain.status, plain.out)
    assert plain.status == 1


# What the program sees

SEES = """
import json, sys
def text(value): return None if value is None else str(value).partition(" object at ")[0]
import __main__
print(json.dumps({
    "globals": sorted(vars(__main__)), "same": vars(__main__) is globals(), "builtins": text(__builtins__),
    "name": __name__, "file": __file__, "package": __package__, "spec": __spec__ and __spec__.name,
    "loader": text(__loader__), "doc": __doc__, "annotations": text(globals().get("__annotations__")),
    "argv": sys.argv, "path": [place for place in sys.path if place], "safe": sys.flags.safe_path,
    "hook": text(sys.excepthook), "stdin": sys.stdin.read(), "error": text(sys.exc_info()),
}))
"""
ARGUMENTS = ("--help", "-m", "--", "--accelerate", "x", "é", "")
# The forms of a program, in a folder with program.py, package/__main__.py, package/sub.py, archive.zip, link.py
PROGRAMS = [
    ("program.py",),
    ("./program.py",),
    ("package/../program.py",),
    ("link.py",),
    ("package",),
    ("archive.zip",),
    ("-m", "program"),
    ("-m", "package"),
    ("-m", "package.sub"),
]


@pytest.fixture
def programs(put: Put, tmp_path: Path) -> Path:
    """Return a folder with one program in all forms that Python runs."""
    for name in ("program.py", "package/__main__.py", "package/sub.py", "elsewhere/link.py"):
        put(SEES, name)
    put("", "package/__init__.py")
    with zipfile.ZipFile(tmp_path / "archive.zip", "w") as archive:
        archive.write(tmp_path / "program.py", "__main__.py")
    if hasattr(os, "symlink"):
        (tmp_path / "link.py").symlink_to(tmp_path / "elsewhere" / "link.py")
    return tmp_path


@pytest.mark.parametrize("program", PROGRAMS, ids=" ".join)
@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("safe", ["", "1"])
def test_program_sees_the_same_as_under_python(
    program: tuple[str, ...], run: tuple[str, ...], safe: str, programs: Path
) -> None:
    path = str(programs) if safe and "-m" in program else ""
    changes = {
        "PYTHONSAFEPATH": safe,
        "PYTHONPATH": os.pathsep.join(filter(None, [environment()["PYTHONPATH"], path])),
    }
    plain = done(*PYTHON, *program, *ARGUMENTS, folder=programs, stdin=b"a\nb", **changes)
    accelerated = done(*run, *program, *ARGUMENTS, folder=programs, stdin=b"a\nb", **changes)
    assert (plain.status, plain.err) == (0, "")
    assert (accelerated.status, stderr_of(accelerated)) == (0, "")
    assert json.loads(accelerated.out) == json.loads(plain.out)


def test_run_imports_no_other_packages(put: Put) -> None:
    program = put("import sys; print(*sorted({name.partition('.')[0] for name in sys.modules}))")
    ours = set(done(*RUN, program).out.decode().split()) - set(done(*PYTHON, program).out.decode().split())
    others = {name for name in ours if name not in sys.stdlib_module_names and not name.startswith("_")}
    assert others - {"cython_runtime"} == {"ssescan", "click"}


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
@pytest.mark.filterwarnings("ignore")
def test_classes_of_main_can_be_pickled(method: str, put: Put) -> None:
    program = put(
        f"""
        import multiprocessing, pickle, sys
        class Thing:
            def __init__(self, number): self.number = number
        def doubled(thing): return Thing(2 * thing.number)
        if __name__ == "__main__":
            assert pickle.loads(pickle.dumps(Thing(3))).number == 3
            if {method!r} not in multiprocessing.get_all_start_methods(): sys.exit("no such method")
            try: multiprocessing.Lock()
            except OSError as error: sys.exit(f"no semaphores: {{error}}")
            with multiprocessing.get_context({method!r}).Pool(1) as pool:
                print([thing.number for thing in pool.map(doubled, [Thing(1), Thing(2)])])
        """
    )
    finished = done(*RUN, program, folder=program.parent)
    if "no such method" in finished.err:
        pytest.skip(f"no {method} on this platform")
    if "no semaphores" in finished.err:  # a chroot or a container may have none
        pytest.skip(f"no semaphores, mount /dev/shm: {finished.err}")
    assert (finished.status, finished.out, stderr_of(finished)) == (0, b"[2, 4]\n", "")


# Wrong use

WRONG = [
    (("nowhere.py",), r"expected a program to run, got: \S*nowhere\.py: No such file.*"),
    (("empty",), r"expected a program to run, got: can't find '__main__' module in .*"),
    (("-m", "no_such_module"), "expected a program to run, got: No module named no_such_module"),
    (("-m", "json.nothing"), r"expected a program to run, got: No module named json\.nothing"),
    (("-m", "xml"), r"expected a program to run, got: .*xml.* cannot be directly executed"),
    (("--accelerate", "openai,opanai", "program.py"), r".*expected some of openai,anthropic,.*, got 'opanai' .*"),
    (("--accelerate", "", "program.py"), r".*expected some of .*, got '' .*"),
    (("--mew", "program.py"), r"No such option.*--mew.*"),
    ((), r"Missing argument 'PROGRAM' .*"),
]


@pytest.mark.parametrize(("arguments", "message"), WRONG, ids=[" ".join(wrong[0]) for wrong in WRONG])
def test_wrong_use_is_status_2(arguments: tuple[str, ...], message: str, put: Put) -> None:
    folder = put("print(1)", "program.py").parent
    (folder / "empty").mkdir()
    finished = done(*RUN, *arguments, folder=folder)
    assert (finished.status, finished.out) == (2, b"")
    assert re.fullmatch(rf"ssescan: {message}\n", finished.err)


def test_named_library_not_installed_is_status_2(put: Put, tmp_path: Path) -> None:
    program = put("print(1)")
    if spec := find_spec("httpx_sse"):
        assert spec.origin is not None
    hidden = put(
        """
        import sys
        class Hidden:
            def find_spec(self, name, path=None, target=None):
                if name == "httpx_sse": raise ModuleNotFoundError(name)
        sys.meta_path.insert(0, Hidden())
        """,
        "hidden/sitecustomize.py",
    ).parent
    path = f"{hidden}{os.pathsep}{environment()['PYTHONPATH']}"
    finished = done(*RUN, "--accelerate", "httpx-sse", program, PYTHONPATH=path)
    assert (finished.status, finished.out) == (2, b"")
    assert re.fullmatch(r"ssescan: expected what --accelerate names .* No module named 'httpx_sse'; .*\n", finished.err)
    assert done(*RUN, program, PYTHONPATH=path).out == b"1\n"
