"""``driftline schema``: the schemas are written where an editor looks for them."""

import json
from pathlib import Path

from tests.cli.console import driftline


def test_the_schemas_are_written_and_listed(tmp_path: Path):
    said = driftline("schema", tmp_path / "schema")
    assert (said.code, said.err) == (0, "")
    written = sorted((tmp_path / "schema").iterdir())
    assert sorted(said.lines) == [str(path) for path in written]
    assert [path.name for path in written] == [
        "checks.schema.json",
        "driftline.schema.json",
        "mapping.schema.json",
        "objectives.schema.json",
    ]
    assert all("$schema" in json.loads(path.read_text("utf-8")) for path in written)


def test_an_older_schema_is_replaced(tmp_path: Path):
    (tmp_path / "driftline.schema.json").write_text("{}", encoding="utf-8")
    assert driftline("schema", tmp_path).code == 0
    assert (tmp_path / "driftline.schema.json").stat().st_size > 1000
