"""The patches of the `.stream()` helpers of openai and anthropic.

The helpers build an event or two, and parts of a snapshot, for each event of a stream. Most of their time is in
`build()` and `construct_type()`; here, `construction.py` does the same. The rest of a helper stays.

Knows the names that the modules of the helpers use. A name that is not the SDK's own function is left alone.
"""

import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

from .construction import Construction
from .fingerprints import fingerprint
from .libraries import Library, Patch

# The fingerprints of functions of `_models` that only call construct_type(); an SDK with others keeps them.
FINGERPRINTS = {"build": "c96a3baa51a8", "construct_type_unchecked": "92405827b949"}


def patches(library: Library) -> list[Patch]:
    """Return the patches of the modules that are imported, and not patched yet."""
    models = import_module(f"{library.package}._models")
    replacements = _replacements(models)
    return [
        Patch(module, name, replacement)
        for module in [sys.modules.get(name) for name, part in library.parts.items() if part == "helpers"]
        for name, replacement in replacements.items()
        if module is not None and vars(module).get(name) is vars(models)[name]
    ]


def _replacements(models: Any) -> dict[str, Callable[..., Any]]:
    function_for = Construction(models, for_events=False).function_for
    original, original_build = models.construct_type, models.build

    def construct_type(*, value: Any, type_: Any, metadata: Any = None) -> Any:
        if not metadata:
            try:
                return function_for(type_)(value)
            except Exception:  # noqa: BLE001, S110 - the SDK raises its own error
                pass
        return original(value=value, type_=type_, metadata=metadata)

    def construct_type_unchecked(*, value: Any, type_: Any) -> Any:
        return construct_type(value=value, type_=type_)

    def build(base_model_cls: Any, *args: Any, **kwargs: Any) -> Any:
        if args:
            return original_build(base_model_cls, *args, **kwargs)
        return construct_type(value=kwargs, type_=base_model_cls)

    for_names: dict[str, Callable[..., Any]] = {"build": build, "construct_type_unchecked": construct_type_unchecked}
    known: dict[str, Callable[..., Any]] = {
        name: replacement
        for name, replacement in for_names.items()
        if name in vars(models) and fingerprint(vars(models)[name]) == FINGERPRINTS[name]
    }
    return {"construct_type": construct_type, **known}
