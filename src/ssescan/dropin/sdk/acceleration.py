"""accelerate() and what it gives: which libraries are patched, by how many, and what came of it.

Knows what a library is (a name, and parts that can be patched once a module is there), and none in particular: those
are in `libraries.py`. Imports no library: one that is not imported yet is patched when the program imports it.
"""

from __future__ import annotations

import importlib
import sys
import threading
import warnings
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Any

from .insides import differences
from .libraries import LIBRARIES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Self

    from .libraries import Library

__all__ = ["Acceleration", "accelerate"]

_lock = threading.RLock()


def accelerate(*names: str) -> Acceleration:
    """Put ssescan's engine under installed libraries, with no change to the program that uses them.

    `names`: of "openai", "anthropic", "google-genai", "httpx2" and "httpx-sse"; none given, all of them. Their streams
    give the same objects as before, and raise the same exceptions; the docs list the streams that they can read only
    with acceleration. A library that was not imported yet is patched when the program imports it. One whose inside is
    not as expected is left alone, with a RuntimeWarning.

    Returns an Acceleration, to look at or to undo. Raises ValueError for a name that is none of these, and
    ModuleNotFoundError for a named library that is not installed.
    """
    for name in names:
        if name not in LIBRARIES:
            raise ValueError(f"accelerate() knows {', '.join(map(repr, LIBRARIES))}, not {name!r}")
    for name in names:
        if not _is_installed(LIBRARIES[name]):
            raise ModuleNotFoundError(
                f"accelerate({name!r}) was asked for, and {name} is not installed: "
                f"install it, or leave the name out (without any name, what is installed is accelerated)",
                name=LIBRARIES[name].package,
            )
    return Acceleration(dict.fromkeys(names or LIBRARIES))


accelerate.__module__ = "ssescan"


class Acceleration:
    """Libraries with ssescan's engine in them, until `undo()`; a context manager that undoes.

    Accelerations are counted: a library gets back what it had when the last that names it is undone, in any order.
    Streams that are open then go on as they began.

    `report`: what came of each library by name, a line each. `events`: how many events each has read through ssescan so
    far, counted when a stream ends.
    """

    __module__ = "ssescan"

    def __init__(self, names: Iterable[str]) -> None:
        self._names = tuple(names)
        self._lock = threading.Lock()
        self._undone = False
        with _lock:
            for name in self._names:
                _state(name).enter()
        try:
            for name in self._names:
                if why := _state(name).left_alone:
                    tell(why)
        except BaseException:  # whoever has warnings raised
            self.undo()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.undo()

    def __repr__(self) -> str:
        return f"<Acceleration {'undone' if self._undone else self.report}>"

    @property
    def report(self) -> dict[str, str]:
        with _lock:
            return {name: "undone" if self._undone else _state(name).told() for name in self._names}

    @property
    def events(self) -> dict[str, int]:
        return {name: LIBRARIES[name].tally.events for name in self._names}

    def undo(self) -> None:
        """Give the libraries back what they had, if no other Acceleration has need of it; once is enough."""
        with self._lock:
            if self._undone:
                return
            self._undone = True
        with _lock:
            for name in self._names:
                _state(name).leave()


def tell(why: str) -> None:
    """Say that a library is left alone. `ssescan run` puts another function here."""
    warnings.warn(f"ssescan.accelerate(): {why}; the program works as without it", RuntimeWarning, stacklevel=4)


class _State:
    """What was done to a library. All of it happens under `_lock`."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self.wanted = 0  # Accelerations that name it and were not undone
        self.patched: list[Patched] = []
        self.waiting: set[str] = set()  # modules that were not imported yet
        self.left_alone = ""  # why, if it is

    def enter(self) -> None:
        self.wanted += 1
        if self.wanted > 1:
            return
        self.left_alone = ""
        for module in self.library.parts:
            if self.left_alone:
                return
            if module in sys.modules:
                # It may be another thread that imports it just now: then this waits until it is done.
                importlib.import_module(module)
                self.apply(module)
            else:
                self.waiting.add(module)
                _watch.add(module, self)

    def leave(self) -> None:
        self.wanted -= 1
        if not self.wanted:
            self.take_back()

    def take_back(self) -> None:
        for patched in reversed(self.patched):
            patched.take_back()
        self.patched = []
        for module in self.waiting:
            _watch.discard(module)
        self.waiting = set()

    def imported(self, module: str) -> None:
        """Take note that a module that was waited for is there."""
        with _lock:
            if module in self.waiting:
                self.waiting.discard(module)
                _watch.discard(module)
                self.apply(module)
                if self.left_alone:
                    try:
                        tell(self.left_alone)
                    except Warning as warning:  # raised here, it would break the import
                        print(warning, file=sys.stderr)

    def apply(self, module: str) -> None:
        part = self.library.parts[module]
        try:
            reasons = list(differences(part.insides))
            patches = [] if reasons else part.patches(self.library.tally)
        except Exception as error:  # noqa: BLE001 - an inside that is not as expected, in a way not looked for
            reasons, patches = [f"{type(error).__name__}: {error}"], []
        if not reasons:
            self.patched += [Patched(*patch) for patch in patches]
            return
        # The whole of it: half a library that is quicker would be hard to tell from one that is.
        self.take_back()
        self.left_alone = f"{self.title()} is left alone, because " + ", and ".join(reasons[:3])

    def title(self) -> str:
        try:
            return f"{self.library.name} {version(self.library.name)}"
        except PackageNotFoundError:
            return self.library.name

    def told(self) -> str:
        if self.left_alone:
            return self.left_alone
        if self.patched:
            return f"{self.title()} is accelerated"
        return "will be accelerated when it is imported" if _is_installed(self.library) else "is not installed"


class Patched:
    """An attribute that was replaced."""

    def __init__(self, owner: Any, name: str, replacement: Any) -> None:
        self.owner = owner
        self.name = name
        self.original = vars(owner).get(name, _INHERITED)
        self.replacement = replacement
        setattr(owner, name, replacement)

    def take_back(self) -> None:
        # Who has put something else there meanwhile has to take that away himself.
        if vars(self.owner).get(self.name) is not self.replacement:
            return
        if self.original is _INHERITED:
            delattr(self.owner, self.name)
        else:
            setattr(self.owner, self.name, self.original)


_INHERITED: Any = object()


_states: dict[str, _State] = {}


def _state(name: str) -> _State:
    if name not in _states:
        _states[name] = _State(LIBRARIES[name])
    return _states[name]


def _is_installed(library: Library) -> bool:
    try:
        return library.package in sys.modules or find_spec(library.package) is not None
    except (ImportError, ValueError):
        return False


class _Watch:
    """Notices that a module is imported: a finder that finds nothing of its own."""

    def __init__(self) -> None:
        self._waiting: dict[str, _State] = {}
        self._busy = threading.local()

    def add(self, module: str, state: _State) -> None:
        if not self._waiting:
            sys.meta_path.insert(0, self)
        self._waiting[module] = state

    def discard(self, module: str) -> None:
        self._waiting.pop(module, None)
        if not self._waiting and self in sys.meta_path:
            sys.meta_path.remove(self)

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        state = self._waiting.get(name)
        if state is None or getattr(self._busy, "finding", False):
            return None
        self._busy.finding = True
        try:
            spec = find_spec(name)
        finally:
            self._busy.finding = False
        if spec is not None and spec.loader is not None:
            _call_after(spec.loader, lambda: state.imported(name))
        return spec


def _call_after(loader: Any, done: Callable[[], None]) -> None:
    """Let a loader, which is this module's alone, say when it has executed the module."""
    execute = loader.exec_module

    def exec_module(module: Any) -> None:
        try:
            del loader.exec_module
        except AttributeError:
            pass
        execute(module)
        done()

    loader.exec_module = exec_module


_watch = _Watch()
