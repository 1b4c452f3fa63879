"""The rules of the house that a program can check."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[3]
SOURCE = sorted((ROOT / "src").rglob("*.py"))
PYTHON = [*SOURCE, *sorted((ROOT / "tests").rglob("*.py")), *sorted((ROOT / "scripts").rglob("*.py"))]
MAX_FILE_LINES = 500
MAX_FUNCTION_LINES = 60


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _functions(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None:
            yield f"{_name(path)}:{node.lineno} {node.name}", node.end_lineno - node.lineno + 1


def test_no_file_is_longer_than_500_lines() -> None:
    lengths = {_name(path): len(path.read_text(encoding="utf-8").splitlines()) for path in PYTHON}
    assert {name: lines for name, lines in lengths.items() if lines > MAX_FILE_LINES} == {}


def test_no_function_is_longer_than_60_lines() -> None:
    found = [entry for path in PYTHON for entry in _functions(path)]
    assert [(name, lines) for name, lines in found if lines > MAX_FUNCTION_LINES] == []


def _uses(path: Path, module: str, names: set[str]) -> Iterator[str]:
    for node in ast.walk(_tree(path)):
        match node:
            case ast.Attribute(value=ast.Name(id=owner), attr=name, lineno=line) if owner == module and name in names:
                yield f"{_name(path)}:{line}"
            case _:
                pass


def test_only_settings_reads_the_environment() -> None:
    readers = [use for path in SOURCE for use in _uses(path, "os", {"environ", "getenv"})]
    assert [use for use in readers if "/settings.py:" not in use and "/testing/" not in use] == []


def test_only_clock_reads_the_clock() -> None:
    names = {"time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns"}
    readers = [use for path in SOURCE for use in _uses(path, "time", names)]
    assert [use for use in readers if "/clock.py:" not in use and "/testing/" not in use] == []


def test_sql_stands_in_the_store_alone() -> None:
    statement = re.compile(r"^\s*(SELECT|INSERT INTO|DELETE FROM|ALTER TABLE|CREATE TABLE)\s", re.MULTILINE)
    outside = [path for path in SOURCE if "store" not in path.parts and "testing" not in path.parts]
    assert [_name(path) for path in outside if statement.search(path.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize("name", ["utils", "helpers", "common", "misc"])
def test_things_are_named(name: str) -> None:
    assert [_name(path) for path in SOURCE if name in {path.stem, path.parent.name}] == []


def _tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_no_tracked_file_names_a_package_registry() -> None:
    hosts = re.compile(rb"registry\.npm" + rb"js\.org|files\.python" + rb"hosted\.org|pypi" + rb"\.org/simple")
    assert [_name(path) for path in _tracked() if hosts.search(path.read_bytes())] == []
