"""Whether the inside of a library is as it was when its acceleration was written and tested.

Equal results are promised, and what the results are is decided by the functions that acceleration takes the place of,
or builds on. So each of these is known by a fingerprint of its source: how it is laid out, what is said in comments and
docstrings and which types are annotated makes no difference, and all else does.

Knows no library.
"""

from __future__ import annotations

import ast
import hashlib
import inspect
import linecache
import sys
import textwrap
from typing import Any

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import CodeType

    Insides = Mapping[str, tuple[str, ...]]
    """The known fingerprints of each part, which is named "module:qualified.name"."""


def differences(fingerprints: Insides) -> Iterator[str]:
    """Tell, in a few words each, which parts are not as they were expected."""
    for name, known in fingerprints.items():
        try:
            found = fingerprint(find(name))
        except LookupError as error:
            yield str(error)
        except (AttributeError, OSError, SyntaxError, TypeError):
            yield f"{name} has no source to be known by"
        else:
            if found not in known:
                yield f"{name} is not as expected (its fingerprint is {found})"


def find(name: str) -> Any:
    """Give the part of that name. LookupError where there is none; nothing is imported."""
    module_name, _, path = name.partition(":")
    thing: Any = sys.modules.get(module_name)
    if thing is None:
        raise LookupError(f"there is no module {module_name}")
    for attribute in path.split("."):
        try:
            # Not getattr: what is inherited, or bound, is not what would be replaced.
            thing = vars(thing)[attribute]
        except (KeyError, TypeError):
            raise LookupError(f"there is no {name}") from None
    return thing


def fingerprint(thing: Any) -> str:
    """Give the fingerprint of a function, or of all functions of a class. OSError where the source is not to be had."""
    if inspect.isclass(thing):
        parts = ((name, getattr(part, "__func__", getattr(part, "fget", part))) for name, part in vars(thing).items())
        return _hash(
            " ".join(
                f"{name} {fingerprint(part)}"
                for name, part in sorted(parts, key=lambda part: part[0])
                if inspect.isfunction(part)
            )
        )
    # The code, and not the function: who wraps a function lets it look like what it wraps.
    code = getattr(thing, "__func__", thing).__code__
    if code not in _known:
        cached = set(linecache.cache)
        try:
            source = inspect.getsource(code)
        finally:
            for file in set(linecache.cache) - cached:  # megabytes, which nobody would look at again
                del linecache.cache[file]
        _known[code] = _hash(ast.unparse(_Bare().visit(ast.parse(textwrap.dedent(source)))))
    return _known[code]


_known: dict[CodeType, str] = {}


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


class _Bare(ast.NodeTransformer):
    """Takes away what does nothing when the program runs."""

    def _visit_body(self, node: Any) -> Any:
        self.generic_visit(node)
        node.body = [
            part
            for part in node.body
            if not (isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant))
            and not (isinstance(part, ast.AnnAssign) and part.value is None)
        ] or [ast.Pass()]
        return node

    visit_ClassDef = _visit_body  # noqa: N815 - the name that ast wants

    def visit_FunctionDef(self, node: Any) -> Any:
        node.returns = None
        return self._visit_body(node)

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = None
        return node
