"""`tools/generate_wire.py`: its files are up to date, and what it makes of types."""

from __future__ import annotations

import importlib
import pickle
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal, get_type_hints

import pytest

pydantic = pytest.importorskip("pydantic")
for sdk in ("openai", "anthropic", "google.genai"):
    pytest.importorskip(sdk)

TOOLS = Path(__file__).parents[2] / "tools"
sys.path.insert(0, str(TOOLS))
try:
    generator: Any = importlib.import_module("generate_wire")
    tables: Any = importlib.import_module("wire_tables")
finally:
    sys.path.remove(str(TOOLS))

FORMATS = pytest.mark.parametrize("format", tables.FORMATS, ids=lambda entry: entry.api)


@FORMATS
def test_file_is_up_to_date(format: Any) -> None:
    file = generator.FOLDER / f"{format.module}.py"
    head = file.read_text(encoding="utf-8").splitlines()[0]
    if f"{format.sdk} {version(format.sdk)}." not in head:
        pytest.skip(f"{format.sdk} {version(format.sdk)} is installed, which may differ: make wire ARGS=--check")
    assert not generator.difference(file, generator.module_text(format))


@FORMATS
def test_tables_have_no_unused_entry(format: Any) -> None:
    classes = {cls.name: cls for cls in generator.Walk(format).classes}
    assert not {*format.texts, *format.added, *format.methods} - set(classes)
    assert not set(format.names) - {place for cls in classes.values() for place in cls.places}
    known = [
        (name, field) for name, fields in format.added.items() for field in fields if field in classes[name].fields
    ]
    assert not known, "the SDK has these fields by now"


class Point(pydantic.BaseModel):  # type: ignore[misc, name-defined]
    type: Literal["point"]
    at: float | int


class Line(pydantic.BaseModel):  # type: ignore[misc, name-defined]
    type: Literal["line"]
    ends: list[Point]
    options: dict[str, Any] | None
    from_: str = pydantic.Field(alias="from")


class Empty(pydantic.BaseModel):  # type: ignore[misc, name-defined]
    pass


class Drawing(pydantic.BaseModel):  # type: ignore[misc, name-defined]
    shape: Point | Line
    legend: str | list[str] | None
    either: Point | dict[str, str]
    extra: Empty | str
    data: bytes


def toy(**fields: Any) -> Any:
    return tables.Format(
        module="toy",
        api="toy",
        sdk="pydantic",
        title="Toy",
        url="https://example.com",
        roots=(f"{__name__}:Drawing",),
        root="Event",
        stream="a toy stream",
        **fields,
    )


def class_texts(format: Any) -> dict[str, str]:
    walk = generator.Walk(format)
    return {cls.name: generator.class_text(cls, walk, later) for cls, later in generator.in_order(walk)}


def test_models_of_one_place_share_a_class() -> None:
    texts = class_texts(toy(names={"Event.shape": "Shape"}, added={"Shape": {"color": "str"}}))
    assert texts["Event"].splitlines()[6:] == [
        "    shape: Shape | None = None",
        "    legend: str | list[str] | None = None",
        "    either: Any = None",
        "    extra: str | dict[str, Any] | None = None",
        "    data: str | None = None",
    ]
    assert (
        texts["Shape"]
        == '''\
class Shape(WireObject, gc=False):
    """The `shape` and `either` of Event, and the `ends` of Shape.

    Has the fields of the SDK's Point, Line.
    """

    type: str | None = None
    at: float | None = None
    ends: "list[Shape] | None" = None
    options: dict[str, Any] | None = None
    from_: str | None = field(default=None, name="from")
    # Not in the SDK's types, which keep them as extra attributes.
    color: str | None = None'''
    )


def test_field_of_the_sdk_replaces_an_added_one() -> None:
    text = class_texts(toy(added={"Event": {"legend": "int", "size": "int"}}))["Event"]
    assert text.count("legend:") == 1
    assert text.endswith("    size: int | None = None")


def test_check_shows_what_would_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(generator, "FOLDER", tmp_path)
    monkeypatch.setattr(generator, "FORMATS", [toy()])
    monkeypatch.setattr(sys, "argv", ["generate_wire.py"])
    assert generator.main() == 0
    monkeypatch.setattr(sys, "argv", ["generate_wire.py", "--check"])
    assert generator.main() == 0
    file = tmp_path / "toy.py"
    file.write_text(file.read_text().replace("    data: str | None = None\n", ""))
    assert generator.main() == 1
    assert "\n+    data: str | None = None\n" in capsys.readouterr().out
    assert "data: str" not in file.read_text()


@FORMATS
def test_objects_are_of_the_public_module(format: Any) -> None:
    wire = importlib.import_module(f"ssescan.providers._wire.{format.module}")
    public = importlib.import_module(f"ssescan.providers.{format.module}")
    assert {format.root, format.reader, f"a{format.reader}"} <= set(public.__all__)
    for name in wire.__all__:
        exported = getattr(wire, name)
        if getattr(public, name) is exported:
            assert exported.__module__ == public.__name__
        if isinstance(exported, type):
            assert pickle.loads(pickle.dumps(exported())) == exported()
            assert set(get_type_hints(exported)) >= set(exported.__annotations__)


def test_wire_objects_are_loaded_on_first_use() -> None:
    program = """
import sys, ssescan.providers
assert ssescan.stream([b'data: {"choices": [{"delta": {}}]}\\n\\n'], strict=False).collect().api == "openai-chat"
print([name for name in sys.modules if "wire" in name])
print(ssescan.providers.openai_chat.ChatCompletionChunk.__name__)
print([name for name in sys.modules if "_wire." in name and name.endswith(("chat", "gemini", "anthropic"))])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines() == ["[]", "ChatCompletionChunk", "['ssescan.providers._wire.openai_chat']"]
