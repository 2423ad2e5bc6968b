"""Checks that the private parts of a library are the ones that acceleration was written and tested for.

Acceleration promises equal results, and the functions that it replaces or builds on determine the results. So each of
these functions has a fingerprint: a hash of its source without layout, comments, docstrings and annotations. The
fingerprint of other parts is a hash of the facts that we rely on: the keys of a TypedDict, the signature of a compiled
class, the strings of a tuple.

Knows no library. The known fingerprints are in `known_versions.py`.
"""

import ast
import hashlib
import inspect
import linecache
import sys
import textwrap
from collections.abc import Iterator, Mapping
from types import CodeType
from typing import Any

# The known fingerprints of each part. A part is named "module:qualified.name".
Fingerprints = Mapping[str, tuple[str, ...]]
# The fingerprint of a part that some versions do not have.
ABSENT: str = "absent"

_fingerprints: dict[CodeType, str] = {}


def differences(fingerprints: Fingerprints) -> Iterator[str]:
    """Yield a reason, in a few words, for each part that is not as expected."""
    for name, known in fingerprints.items():
        try:
            found = fingerprint(find(name))
        except LookupError as error:
            if ABSENT not in known:
                yield str(error)
        except (AttributeError, OSError, SyntaxError, TypeError):
            yield f"the source of {name} is not available"
        else:
            if found not in known:
                yield f"{name} is not as expected (its fingerprint is {found})"


def find(name: str) -> Any:
    """Return the part of that name, without importing a module. Raises LookupError if there is none."""
    module_name, _, path = name.partition(":")
    part: Any = sys.modules.get(module_name)
    if part is None:
        raise LookupError(f"there is no module {module_name}")
    for attribute in path.split("."):
        try:
            # Not getattr(): it also finds inherited attributes, and binds methods. We replace neither.
            part = vars(part)[attribute]
        except (KeyError, TypeError):
            raise LookupError(f"there is no {name}") from None
    return part


def fingerprint(part: Any) -> str:
    """Return the fingerprint of a part. Raises OSError if it is a function whose source is not available."""
    if (data := _data(part)) is not None:
        return _hash(data)
    if inspect.isclass(part):
        return _hash(" ".join(f"{name} {fingerprint(function)}" for name, function in _functions(part)))
    code = _code(part)
    if code not in _fingerprints:
        _fingerprints[code] = _hash(normalized_source(part))
    return _fingerprints[code]


def normalized_source(part: Any) -> str:
    """Return the text that the fingerprint of a part depends on."""
    if (data := _data(part)) is not None:
        return data
    if inspect.isclass(part):
        return "\n\n".join(normalized_source(function) for _, function in _functions(part))
    cached = set(linecache.cache)
    try:
        source = inspect.getsource(_code(part))
    finally:
        for file in set(linecache.cache) - cached:  # megabytes that nobody needs again
            del linecache.cache[file]
    return normalize(source)


def normalize(source: str) -> str:
    """Return the source of a function without comments, docstrings and annotations, in one layout."""
    return ast.unparse(_Normalizer().visit(ast.parse(textwrap.dedent(source))))


def _data(part: Any) -> str | None:
    """Return the facts that we rely on in a part without Python source. None for a function or a class in Python."""
    if isinstance(part, tuple):
        return " ".join(part)
    if hasattr(part, "__required_keys__"):  # a TypedDict
        return " ".join(sorted(part.__required_keys__ | part.__optional_keys__))
    signature: str | None = part.__text_signature__ if inspect.isclass(part) else None
    return signature


def _functions(cls: type) -> list[tuple[str, Any]]:
    """Return the functions that a class defines, those of its properties too, sorted by name."""
    parts = ((name, getattr(part, "__func__", getattr(part, "fget", part))) for name, part in vars(cls).items())
    return sorted(((name, part) for name, part in parts if inspect.isfunction(part)), key=lambda item: item[0])


def _code(function: Any) -> CodeType:
    # Not inspect.unwrap(): functools.wraps() makes a wrapper look like the function that it wraps.
    code: CodeType = getattr(function, "__func__", function).__code__
    return code


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


class _Normalizer(ast.NodeTransformer):
    """A transformer that removes the parts of a function without an effect at run time."""

    def _visit_body(self, node: Any) -> Any:
        self.generic_visit(node)
        node.body = [
            statement
            for statement in node.body
            if not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant))
            and not (isinstance(statement, ast.AnnAssign) and statement.value is None)
        ] or [ast.Pass()]
        return node

    visit_ClassDef = _visit_body  # noqa: N815 - the name that ast looks for

    def visit_FunctionDef(self, node: Any) -> Any:
        node.returns = None
        return self._visit_body(node)

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = None
        return node
