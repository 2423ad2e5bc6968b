"""accelerate() and what it gives: which libraries are patched, by how many, and what came of it.

Knows what a library is (a name, and parts that can be patched once a module is there), and none in particular: those
are in `libraries.py`. Imports no library: one that is not imported yet is patched when the program imports it.
"""

from __future__ import annotations

import os
import sys
import threading
import warnings
from contextlib import contextmanager
from importlib import _bootstrap
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Any

from ...scanner import Scanner
from .fingerprints import differences
from .libraries import LIBRARIES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Self

    from .libraries import Library

__all__ = ["Acceleration", "accelerate"]

_lock = threading.RLock()
# Waits until no other thread is importing a module, without importing it: a part of importlib that has no public name.
wait_for_import: Callable[[str], None] = getattr(_bootstrap, "_lock_unlock_module", lambda name: None)


def accelerate(*names: str, max_event_size: int | None = None) -> Acceleration:
    """Put ssescan's engine under installed libraries, with no change to the program that uses them.

    `names`: of "openai", "anthropic", "google-genai", "httpx2" and "httpx-sse"; none given, all of them. Their streams
    give the same objects as before, and raise the same exceptions; the docs list the streams that they can read only
    with acceleration. A library that was not imported yet is patched when the program imports it. One whose inside is
    not as expected is left alone, with a RuntimeWarning.

    `max_event_size`: the limit on one event, bytes; a larger one raises EventTooLarge (in httpx2, its SSEError). None:
    no limit, as the libraries have none. Of several Accelerations the smallest limit holds. A response whose encoding
    is not decoded here, such as gzip twice, raises UnsupportedEncoding.

    Returns an Acceleration, to look at or to undo. Raises ValueError for a name that is none of these, and
    ModuleNotFoundError for a named library that is not installed.
    """
    for name in names:
        if not isinstance(name, str):
            raise TypeError(f"accelerate() takes names, one after the other, not a {type(name).__name__}")
        if name not in LIBRARIES:
            raise ValueError(f"accelerate() knows {', '.join(map(repr, LIBRARIES))}, not {name!r}")
    for name in names:
        if not _is_installed(LIBRARIES[name]):
            raise ModuleNotFoundError(
                f"accelerate({name!r}) was asked for, and {name} is not installed: "
                f"install it, or leave the name out (without any name, what is installed is accelerated)",
                name=LIBRARIES[name].package,
            )
    Scanner(max_event_size=max_event_size)  # TypeError and ValueError in its words
    return Acceleration(dict.fromkeys(names or LIBRARIES), max_event_size)


accelerate.__module__ = "ssescan"


class Acceleration:
    """Libraries with ssescan's engine in them, until `undo()`; a context manager that undoes.

    Accelerations are counted: a library gets back what it had when the last that names it is undone, in any order.
    Streams that are open then go on as they began.

    `report`: what came of each library by name, a line each. `events`: how many events each has read through ssescan so
    far in this process, counted when a stream ends.
    """

    __module__ = "ssescan"

    def __init__(self, names: Iterable[str], max_event_size: int | None = None) -> None:
        self._names = tuple(names)
        self._max_event_size = max_event_size
        self._entered: list[str] = []
        self._undone = False
        try:
            for name in self._names:
                with _state(name).changing():
                    self._entered.append(name)
                    _state(name).enter(self._max_event_size)
            for name in self._names:
                _state(name).catch_up()
                if why := _state(name).left_alone:
                    tell(why)
        except BaseException:  # such as a warning that is raised
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
        with _lock:
            if self._undone:
                return
            self._undone = True
        for name in self._entered:
            with _state(name).changing():
                _state(name).leave(self._max_event_size)


def tell(why: str) -> None:
    """Say that a library is left alone. `ssescan run` puts another function here."""
    warnings.warn(f"ssescan.accelerate(): {why}; the program works as without it", RuntimeWarning, stacklevel=4)


class _State:
    """What was done to a library. It changes under `_lock`."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self.limits: list[int | None] = []  # of the Accelerations that name it and were not undone
        self.changed_by = 0  # the thread that changes this just now
        self.is_complete = False  # every part is patched, or waits for its module
        self.entering: tuple[int | None, ...] = ()  # the limit of the Acceleration that patches just now
        self.patched: list[Patched] = []
        self.waiting: set[str] = set()  # modules that were not imported yet
        self.left_alone = ""  # why, if it is

    def enter(self, limit: int | None) -> None:
        self.limits.append(limit)
        self.choose_limit()
        if self.is_complete:
            return
        self.entering = (limit,)
        self.restore()  # nothing, but where a fork cut a change short
        self.left_alone = ""
        for module in self.library.parts:
            if self.left_alone:
                break
            if _is_imported(module):
                self.apply(module)
            else:
                self.waiting.add(module)
                _watch.add(module, self)
        self.is_complete = True
        self.entering = ()

    def catch_up(self) -> None:
        """Wait for what another thread is importing just now: it is too late to watch that. Not under `_lock`."""
        for module in tuple(self.waiting):
            if sys.modules.get(module) is not None:
                wait_for_import(module)
                if _is_imported(module):
                    self.imported(module)

    def leave(self, limit: int | None) -> None:
        self.limits.remove(limit)
        self.choose_limit()
        if not self.limits:
            self.restore()

    def choose_limit(self) -> None:
        self.library.tally.max_event_size = min((limit for limit in self.limits if limit is not None), default=None)

    def restore(self) -> None:
        self.is_complete = False
        for patched in reversed(self.patched):
            patched.restore()
        self.patched = []
        for module in self.waiting:
            _watch.discard(module)
        self.waiting = set()

    def imported(self, module: str) -> None:
        """Take note that a module that was waited for is there."""
        with self.changing():
            if module in self.waiting:
                self.is_complete = False
                self.waiting.discard(module)
                _watch.discard(module)
                self.apply(module)
                self.is_complete = True
                if self.left_alone:
                    try:
                        tell(self.left_alone)
                    except Warning as warning:  # raised here, it would break the import
                        print(warning, file=sys.stderr)

    def refuse(self, module: str, reason: str) -> None:
        """Leave the library alone, as a module of it cannot be watched."""
        with self.changing():
            if module in self.waiting:
                self.leave_alone([reason])

    def apply(self, module: str) -> None:
        part = self.library.parts[module]
        try:
            reasons = list(differences(part.fingerprints))
            patches = [] if reasons else part.patches(self.library.tally)
        except Exception as error:  # noqa: BLE001 - an inside that is not as expected, in a way not looked for
            reasons, patches = [f"{type(error).__name__}: {error}"], []
        if not reasons:
            for patch in patches:
                patched = Patched(*patch)
                self.patched.append(patched)  # first: a fork may come at any moment, and then it is taken back
                patched.put()
            return
        self.leave_alone(reasons)

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Hold the lock, and note which thread does."""
        with _lock:
            before, self.changed_by = self.changed_by, threading.get_ident()
            try:
                yield
            finally:
                self.changed_by = before

    def after_fork(self) -> None:
        """Take back what a thread that the child does not have was in the middle of changing."""
        is_mine = self.changed_by in (0, threading.get_ident())
        self.changed_by = 0 if not is_mine else self.changed_by
        if not is_mine and not self.is_complete:
            self.restore()
            for limit in self.entering:  # of an Acceleration that the child does not have
                self.limits.remove(limit)
            self.entering = ()
            self.choose_limit()
            self.left_alone = f"{self.title()} is left alone, because the process forked while it was being patched"

    def leave_alone(self, reasons: list[str]) -> None:
        # The whole of it: half a library that is quicker would be hard to tell from one that is.
        self.restore()
        self.left_alone = (
            f"{self.title()} is left alone, because {', and '.join(reasons[:3])}; {self.library.name} "
            f"{self.library.tested_versions} is as expected: install that, or a newer ssescan"
        )

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
    """An attribute that is replaced by put(), and given back by restore()."""

    def __init__(self, owner: Any, name: str, replacement: Any) -> None:
        self.owner = owner
        self.name = name
        self.original: Any = vars(owner).get(name, _INHERITED)
        self.replacement = replacement

    def put(self) -> None:
        setattr(self.owner, self.name, self.replacement)

    def restore(self) -> None:
        # Who has put something else there meanwhile has to take that away himself.
        if vars(self.owner).get(self.name) is not self.replacement:
            return
        if self.original is _INHERITED:
            delattr(self.owner, self.name)
        else:
            setattr(self.owner, self.name, self.original)


_INHERITED: Any = object()


_states: dict[str, _State] = {}


def _after_fork() -> None:
    """Let the child go on, whatever another thread of its parent was doing."""
    global _lock  # noqa: PLW0603 - no thread is left to release it
    _lock = threading.RLock()
    for state in _states.values():
        state.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def _state(name: str) -> _State:
    if name not in _states:
        _states[name] = _State(LIBRARIES[name])
    return _states[name]


def _is_installed(library: Library) -> bool:
    if sys.modules.get(library.package) is not None:
        return True
    parent, _, child = library.package.rpartition(".")
    try:
        spec = find_spec(parent or child)
    except (ImportError, ValueError):
        return False
    if spec is None or not parent:
        return spec is not None
    # Not find_spec() of the whole name, which imports the package above.
    return any(os.path.isdir(os.path.join(place, child)) for place in spec.submodule_search_locations or ())


def _is_imported(module: str) -> bool:
    there = sys.modules.get(module)
    return there is not None and not getattr(getattr(there, "__spec__", None), "_initializing", False)


class _Watch:
    """Notices that a module is imported: a finder that finds nothing of its own."""

    def __init__(self) -> None:
        self._waiting: dict[str, _State] = {}
        self._busy = threading.local()

    def add(self, module: str, state: _State) -> None:
        if self not in sys.meta_path:
            sys.meta_path.insert(0, self)
        self._waiting[module] = state

    def discard(self, module: str) -> None:
        self._waiting.pop(module, None)
        if not self._waiting:
            # A list of its own: another thread may go through the one that there is, and would miss a finder.
            sys.meta_path = [finder for finder in sys.meta_path if finder is not self]

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        state = self._waiting.get(name)
        if state is None or getattr(self._busy, "finding", False):
            return None
        self._busy.finding = True
        try:
            spec = find_spec(name)
        finally:
            self._busy.finding = False
        if spec is not None and not _call_after(spec.loader, name, lambda: state.imported(name)):
            state.refuse(name, f"its loader, a {type(spec.loader).__name__}, cannot be watched")
        return spec


def _call_after(loader: Any, name: str, done: Callable[[], None]) -> bool:
    """Let a loader say when it has executed the module of that name. False for one that cannot."""
    execute = getattr(loader, "exec_module", None)
    if execute is None or isinstance(loader, type):
        return False

    def exec_module(module: Any) -> None:
        if module.__name__ != name:  # of a loader that loads many
            execute(module)
            return
        if former is None:
            del loader.exec_module
        else:
            loader.exec_module = former
        execute(module)
        done()

    try:
        former = vars(loader).get("exec_module")
        loader.exec_module = exec_module
    except (AttributeError, TypeError):
        return False
    return True


_watch = _Watch()
