"""accelerate() and its result: which libraries are patched, by how many Accelerations, and the report.

Knows that a library has a name, and parts that can be patched once a module is imported. `libraries.py` has the
libraries. Imports none of them: a library that is not imported yet is patched when the program imports it.
"""

import os
import sys
import threading
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Self

from ...scanner import Scanner
from .counts import Counts, StreamCounts
from .fingerprints import differences
from .import_watch import ImportWatch, is_imported, wait_for_import
from .known_versions import FINGERPRINTS, TESTED_VERSIONS, out_of_range, range_in_words
from .libraries import LIBRARIES, Library, Patch

_lock = threading.RLock()
_watch = ImportWatch()


def accelerate(*names: str, max_event_size: int | None = None) -> "Acceleration":
    """Put ssescan's engine under installed libraries, with no change to the program that uses them.

    `names`: some of "openai", "anthropic", "google-genai", "httpx2", "httpx-sse" and "httpcore"; without names, all of
    them but "httpcore", the transport of httpx and httpx2. Their streams yield the same objects as before, and raise
    the same exceptions; the docs list the streams that they can read only with acceleration. A library that is not
    imported yet is patched when the program imports it. A library whose private parts are not as expected is left
    alone, with a RuntimeWarning.

    `max_event_size`: the limit on one event, bytes; a larger event raises EventTooLarge (in httpx2, its SSEError).
    None: no limit, as in the libraries. The smallest limit of all Accelerations applies. A response with an encoding
    that ssescan does not decode, such as gzip twice, raises UnsupportedEncoding.

    Returns an Acceleration, which has a report and can be undone. Raises ValueError for an unknown name, and
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
                f"accelerate({name!r}) was called, and {name} is not installed: "
                f"install it, or leave the name out (without names, every installed library is accelerated)",
                name=LIBRARIES[name].package,
            )
    Scanner(max_event_size=max_event_size)  # raises TypeError or ValueError for an invalid limit
    by_default = (name for name, library in LIBRARIES.items() if library.by_default)
    return Acceleration(dict.fromkeys(names or by_default), max_event_size)


accelerate.__module__ = "ssescan"


class Acceleration:
    """Libraries that use ssescan's engine until `undo()`; a context manager that undoes.

    Accelerations are counted: a library is restored when the last Acceleration that names it is undone, in any order.
    Streams that are open continue as they began.

    `report`: a line of text for each library, by name. `events`: the number of events that each library has read
    through ssescan in this process, from the start of this Acceleration until `undo()`; of httpcore, the number of HTTP
    chunks. `streams`: the same about its streams: how many were read and cut off, how many events went the slow way,
    and why. A stream is counted when it ends.
    """

    __module__ = "ssescan"

    def __init__(self, names: Iterable[str], max_event_size: int | None = None) -> None:
        self._names = tuple(names)
        self._max_event_size = max_event_size
        self._entered: list[str] = []
        self._undone = False
        self._start: dict[str, Counts] = {name: LIBRARIES[name].counts.copy() for name in self._names}
        self._end: dict[str, Counts] = {}
        try:
            for name in self._names:
                with _states[name].changing():
                    self._entered.append(name)
                    _states[name].enter(self._max_event_size)
            for name in self._names:
                _states[name].catch_up()
                if reason := _states[name].left_alone:
                    warn_left_alone(reason)
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
            return {name: "undone" if self._undone else _states[name].report() for name in self._names}

    @property
    def events(self) -> dict[str, int]:
        return {name: self._counts(name).events - self._start[name].events for name in self._names}

    @property
    def streams(self) -> dict[str, StreamCounts]:
        return {name: self._counts(name).streams_since(self._start[name]) for name in self._names}

    def _counts(self, name: str) -> Counts:
        return self._end.get(name) or LIBRARIES[name].counts

    def undo(self) -> None:
        """Restore the libraries that no other Acceleration names. A second call does nothing."""
        with _lock:
            if self._undone:
                return
            self._undone = True
            self._end = {name: LIBRARIES[name].counts.copy() for name in self._names}
        for name in self._entered:
            with _states[name].changing():
                _states[name].leave(self._max_event_size)


def warn_left_alone(reason: str) -> None:
    """Warn that a library is left alone. `ssescan run` replaces this function."""
    warnings.warn(f"{reason}; the program works as without acceleration", RuntimeWarning, stacklevel=4)


class _State:
    """The state of one library. Changes under `_lock`."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self.changed_by = 0  # the thread that is changing this
        self.is_complete = False  # every part is patched, or waits for its module
        self.entering: tuple[int | None, ...] = ()  # the limit of the Acceleration that is being made
        self.applied: list[Patch] = []
        self.waiting: set[str] = set()  # modules that are not imported yet
        self.left_alone = ""  # the reason, if the library is left alone

    def enter(self, limit: int | None) -> None:
        self.library.limits.append(limit)
        if self.is_complete:
            return
        self.entering = (limit,)
        self.restore()  # does nothing, unless a fork interrupted a change
        self.left_alone = ""
        for module in self.library.parts:
            if self.left_alone:
                break
            if is_imported(module):
                self.patch(module)
            else:
                self.waiting.add(module)
                _watch.add(module, self)
        self.is_complete = True
        self.entering = ()

    def catch_up(self) -> None:
        """Patch modules whose import has begun in another thread before the watch. Must not be called under `_lock`."""
        for module in tuple(self.waiting):
            if sys.modules.get(module) is not None:
                wait_for_import(module)
                if is_imported(module):
                    self.imported(module)

    def leave(self, limit: int | None) -> None:
        self.library.limits.remove(limit)
        if not self.library.limits:
            self.restore()

    def restore(self) -> None:
        self.is_complete = False
        for patch in reversed(self.applied):
            patch.restore()
        self.applied = []
        for module in self.waiting:
            _watch.discard(module)
        self.waiting = set()

    def imported(self, module: str) -> None:
        """Patch a module that has just been imported."""
        with self.changing():
            if module in self.waiting:
                self.is_complete = False
                self.waiting.discard(module)
                _watch.discard(module)
                self.patch(module)
                self.is_complete = True
                if self.left_alone:
                    try:
                        warn_left_alone(self.left_alone)
                    except Warning as warning:  # raised here, it would break the import
                        print(warning, file=sys.stderr)

    def cannot_watch(self, module: str, reason: str) -> None:
        """Leave the library alone, as the import of a module cannot be watched."""
        with self.changing():
            if module in self.waiting:
                self.leave_alone([reason])

    def patch(self, module: str) -> None:
        part = self.library.parts[module]
        try:
            reasons = list(differences(FINGERPRINTS.get(part, {})))
            patches = [] if reasons else self.library.patches(part)
        except Exception as error:  # noqa: BLE001 - the library differs in a way that no fingerprint shows
            reasons, patches = [f"{type(error).__name__}: {error}"], []
        if reasons:
            self.leave_alone(reasons)
        for patch in patches:
            self.applied.append(patch)  # before it is applied: a fork may happen here, and the child restores it
            patch.apply()

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Hold the lock, and record the thread that does."""
        with _lock:
            before, self.changed_by = self.changed_by, threading.get_ident()
            try:
                yield
            finally:
                self.changed_by = before

    def after_fork(self) -> None:
        """Undo the unfinished change of a thread that does not exist in this child."""
        if self.changed_by in (0, threading.get_ident()):
            return
        self.changed_by = 0
        if not self.is_complete:
            self.restore()
            for limit in self.entering:  # of an Acceleration that does not exist in this child
                self.library.limits.remove(limit)
            self.entering = ()
            self.left_alone = f"{self.title()} is left alone, because the process forked while it was being patched"

    def leave_alone(self, reasons: list[str]) -> None:
        # All of the library: if only some of its streams were accelerated, that would be hard to notice.
        self.restore()
        name = self.library.name
        self.left_alone = (
            f"{self.point()} left alone, because {', and '.join(reasons[:3])}; {name} "
            f"{TESTED_VERSIONS[name]} is as expected: install that, or a newer ssescan"
        )

    def point(self) -> str:
        """Return the beginning of a sentence: "openai 3.60 is newer than what is known (2.20 to 3.57):"."""
        name, title = self.library.name, self.title()
        if compared := out_of_range(name, title.removeprefix(name).strip()):
            return f"{title} is {compared} than what is known ({range_in_words(name)}):"
        return f"{title} is"

    def title(self) -> str:
        found = []
        for name in filter(None, (self.library.name, self.library.twin)):
            with suppress(PackageNotFoundError):
                found.append(f"{name} {version(name)}")
        return f"{found[0]} (and {found[1]})" if found[1:] else found[0] if found else self.library.name

    def report(self) -> str:
        if self.left_alone:
            return self.left_alone
        if self.applied:
            return f"{self.title()} is accelerated"
        return "will be accelerated when it is imported" if _is_installed(self.library) else "is not installed"


_states = {name: _State(library) for name, library in LIBRARIES.items()}


def _after_fork() -> None:
    global _lock  # noqa: PLW0603 - another thread of the parent may hold it, and cannot release it in this child
    _lock = threading.RLock()
    for state in _states.values():
        state.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def _is_installed(library: Library) -> bool:
    return any(_has_package(package) for package in (library.package, library.twin) if package)


def _has_package(package: str) -> bool:
    if sys.modules.get(package) is not None:
        return True
    parent, _, child = package.rpartition(".")
    try:
        spec = find_spec(parent or child)
    except (ImportError, ValueError):
        return False
    if spec is None or not parent:
        return spec is not None
    # Not find_spec() of the whole name: that imports the parent package.
    return any(os.path.isdir(os.path.join(place, child)) for place in spec.submodule_search_locations or ())
