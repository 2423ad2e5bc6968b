"""The packages that an import of ssescan loads."""

from __future__ import annotations

import pytest

from benchmarks.suites import imports

SDKS = {"anthropic", "google", "httpx", "httpx2", "openai", "pydantic"}


@pytest.mark.parametrize("backend", ["compiled", "python"])
@pytest.mark.parametrize(
    ("module", "loaded", "not_loaded"),
    [
        ("ssescan.dropin.httpx_sse", "httpx", {"httpx_sse", "msgspec"}),
        ("ssescan.providers", "msgspec", SDKS),
    ],
)
def test_import_loads_only_what_it_needs(backend: str, module: str, loaded: str, not_loaded: set[str]) -> None:
    for light in ("ssescan", "ssescan.dropin.sseclient"):
        assert imports.loaded_by(light, backend) == set()
    found = imports.loaded_by(module, backend)
    assert loaded in found
    assert not found & not_loaded


def test_failing_import_is_an_error() -> None:
    with pytest.raises(ImportError, match="No module named 'no_such_package'"):
        imports.loaded_by("no_such_package")
