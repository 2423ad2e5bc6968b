"""The programs of docs/bulk.md on real engines: one worker and two make the same table. `make test-bulk` runs this file."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from cli.processes import environment

from ssescan import bulk

from .recorded import bodies, write_to

PAGE = Path(__file__).parents[2] / "docs" / "bulk.md"
PROGRAM = re.compile(r"^## ([^\n]+)\n(?:(?!^## ).)*?^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
GUARD = 300.0  # seconds
# What a user's own settings say: the number of workers. Spark's are processes of their own, with a master.
STARTS = {
    "Ray Data": "import ray; ray.init(num_cpus={workers}, include_dashboard=False, log_to_driver=False)",
    "Spark": """from pyspark.sql import SparkSession
builder = SparkSession.builder.master("local[{workers}]").config("spark.ui.enabled", "false")
# Without it, Spark puts so few files into one task.
builder.config("spark.sql.files.maxPartitionBytes", 100_000).config("spark.sql.files.openCostInBytes", 10_000).getOrCreate()
""",
}
PACKAGES = {"Ray Data": "ray", "Spark": "pyspark"}
# A worker waits here until all are at work.
MEETING = """
    import os, pathlib, time
    pathlib.Path({folder!r}, str(os.getpid())).touch()
    while len(os.listdir({folder!r})) < {workers}:
        time.sleep(0.01)
    names, bodies ="""


def engines() -> list[Any]:
    """Return the engines. Each needs other versions of its packages than the tests, so it is installed for itself."""
    return [
        pytest.param(
            name,
            marks=pytest.mark.skipif(
                importlib.util.find_spec(package) is None,
                reason=f"{name} has an environment of its own, which `make test-bulk` makes",
            ),
        )
        for name, package in PACKAGES.items()
    ]


def table_of(engine: str, workers: int, folder: Path) -> Any:
    """Run the program of an engine in a folder with `recorded`, and return its table, sorted by the names."""
    import pyarrow.parquet

    met = folder / f"met-{workers}"
    met.mkdir()
    program = dict(PROGRAM.findall(PAGE.read_text(encoding="utf-8")))[engine]
    meeting = MEETING.format(folder=str(met), workers=workers)
    indent = re.search(r"^ +(?=names, bodies =)", program, re.MULTILINE)
    assert indent is not None
    changed = program.replace(f"\n{indent[0]}names, bodies =", meeting.replace("\n    ", f"\n{indent[0]}"))
    assert changed != program
    env = environment(PYSPARK_PYTHON=sys.executable)
    done = subprocess.run(
        [sys.executable, "-c", STARTS[engine].format(workers=workers) + "\n" + changed], cwd=folder, env=env,
        capture_output=True, timeout=GUARD, check=False, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    assert len(list(met.iterdir())) == workers
    table = pyarrow.parquet.read_table(folder / "streams").sort_by("name")
    shutil.rmtree(folder / "streams")
    return table.replace_schema_metadata(None)


def digest(table: Any) -> str:
    """Return the hash of all bytes of a table."""
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table.combine_chunks())
    return hashlib.sha256(sink.getvalue()).hexdigest()


@pytest.mark.parametrize("engine", engines())
def test_one_worker_and_two_make_the_same_table(engine: str, tmp_path: Path) -> None:
    write_to(tmp_path / "recorded")
    tables = [table_of(engine, workers, tmp_path) for workers in (1, 2)]
    assert digest(tables[0]) == digest(tables[1])
    names = tables[0]["name"].to_pylist()
    left_out = {"empty.sse"} if engine == "Spark" else set()  # Spark reads no empty files
    assert {Path(name).name for name in names} == set(bodies()) - left_out
    assert len(names) == len(set(names))
    rows = [bulk.row(name, (tmp_path / unquote(urlsplit(name).path)).read_bytes()) for name in names]
    assert tables[0].to_pylist() == rows
    assert tables[0].schema.equals(bulk.schema())


def test_program_without_an_engine(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="pyarrow comes with the engines: `make test-bulk`")
    (first,) = re.findall(r"\A(?:(?!^## ).)*?^```python\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    write_to(tmp_path / "recorded")
    done = subprocess.run(
        [sys.executable, "-c", first], cwd=tmp_path, env=environment(), capture_output=True, check=True, text=True
    )
    rows = [bulk.row(name, body) for name, body in sorted(bodies().items())]
    assert ast.literal_eval(done.stdout) == [
        {name: row[name] for name in ("name", "finish", "complete")} for row in rows
    ]
