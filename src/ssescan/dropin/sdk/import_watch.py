"""Watches for the import of modules, and calls a function when one has been executed. Knows no library."""

import sys
import threading
from collections.abc import Callable
from importlib import _bootstrap
from importlib.util import find_spec
from typing import Any

# Waits until no other thread is importing a module, without importing it. importlib has no public function for this.
wait_for_import: Callable[[str], None] = getattr(_bootstrap, "_lock_unlock_module", lambda name: None)


def is_imported(module: str) -> bool:
    """Return whether the import of a module has ended."""
    found = sys.modules.get(module)
    return found is not None and not getattr(getattr(found, "__spec__", None), "_initializing", False)


class ImportWatch:
    """A finder that leaves the finding to the others, and makes the loader report the end of the import."""

    def __init__(self) -> None:
        self._watchers: dict[str, Any] = {}
        self._busy = threading.local()

    def add(self, module: str, watcher: Any) -> None:
        """Call `watcher.imported(module)` after the import, or `watcher.cannot_watch(module, reason)`."""
        if self not in sys.meta_path:
            sys.meta_path.insert(0, self)
        self._watchers[module] = watcher

    def discard(self, module: str) -> None:
        """Stop watching for the import of a module."""
        self._watchers.pop(module, None)
        if not self._watchers:
            # A new list: another thread may be iterating over the old one, and would miss a finder.
            sys.meta_path = [finder for finder in sys.meta_path if finder is not self]

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """Return the spec that the other finders have for a module, with a loader that reports."""
        watcher = self._watchers.get(name)
        if watcher is None or getattr(self._busy, "finding", False):
            return None
        self._busy.finding = True
        try:
            spec = find_spec(name)
        finally:
            self._busy.finding = False
        if spec is not None and not _call_after(spec.loader, name, lambda: watcher.imported(name)):
            watcher.cannot_watch(name, f"its loader, a {type(spec.loader).__name__}, cannot be watched")
        return spec


def _call_after(loader: Any, name: str, done: Callable[[], None]) -> bool:
    """Let a loader call `done` after it has executed the module of that name. Return False if it cannot."""
    execute = getattr(loader, "exec_module", None)
    if execute is None or isinstance(loader, type):
        return False

    def exec_module(module: Any) -> None:
        if module.__name__ != name:  # the loader is shared with other modules
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
