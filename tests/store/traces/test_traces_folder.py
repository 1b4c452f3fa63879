"""The folder has one owner, and what goes wrong with it is said clearly. chDB opens in processes of their own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from masthead.model.errors import SettingsError, StoreBusy, StoreDamaged, StoreError, StoreFull, StoreRefused
from masthead.store.traces.failures import store_error
from masthead.store.traces.folder import FolderLock
from masthead.store.traces.open import open_store

pytestmark = pytest.mark.store

_OPEN = """
import sys
from pathlib import Path
from masthead.model.errors import StoreError
from masthead.model.ids import ProjectId
from masthead.model.run import RunFilter
from masthead.store.traces.append import Appender
from masthead.store.traces.open import open_store
from masthead.testing.span_rows import run_id, span_row
P = ProjectId("p")
try:
    store = open_store(data_dir=Path(sys.argv[1]))
    {body}
except StoreError as error:
    print(type(error).__name__, error)
"""


def _run(folder: Path, body: str) -> str:
    code = _OPEN.format(body=body.replace("\n", "\n    "))
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_second_owner_is_told_who_the_first_is(tmp_path: Path) -> None:
    lock = FolderLock(tmp_path / "traces")
    with pytest.raises(StoreBusy, match=rf"process {os.getpid()}.*MASTHEAD_DATA_DIR"):
        open_store(data_dir=tmp_path)
    assert f"StoreBusy the store's folder '{tmp_path}/traces' belongs to the running process {os.getpid()}" in _run(
        tmp_path, "pass"
    )
    lock.release()
    lock.release()
    assert _run(tmp_path, "print('mine')") == "mine"


def test_what_was_appended_is_there_after_a_restart_and_after_a_kill(tmp_path: Path) -> None:
    write = "Appender(store.engine).append([span_row(P, span={0})], token='{0}', received_ns={0})"
    _run(tmp_path, write.format(1) + "\nstore.close()")
    _run(tmp_path, write.format(2) + "\nimport os; sys.stdout.flush(); os._exit(0)")
    again = write.format(2) + "\nprint(len(store.spans(P, run_id(1))), store.run(P, run_id(1)).spans)"
    assert _run(tmp_path, again) == "2 2"


def test_a_file_in_the_way_is_told(tmp_path: Path) -> None:
    (tmp_path / "traces").write_text("not a folder")
    with pytest.raises(StoreFull, match="cannot be written"):
        open_store(data_dir=tmp_path)


def test_a_read_only_folder_is_told(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write anywhere")
    tmp_path.chmod(0o500)
    with pytest.raises(StoreFull, match="cannot be written"):
        open_store(data_dir=tmp_path / "inside")


def test_damaged_parts_are_told_or_set_aside(tmp_path: Path) -> None:
    """A part whose bytes were changed must not be read as if nothing had happened."""
    write = (
        "Appender(store.engine).append([span_row(P, span=n, name=f'name {n} ' + 'x' * n) for n in range(1, 400)], "
        "token='1', received_ns=1)\nstore.close()"
    )
    _run(tmp_path, write)
    for file in (tmp_path / "traces").rglob("data.bin"):
        content = bytearray(file.read_bytes())
        middle = len(content) // 2
        content[middle : middle + 40] = bytes(40)
        file.write_bytes(content)
    said = _run(tmp_path, "print(len(store.runs(P, RunFilter(), limit=9).items), len(store.spans(P, run_id(1))))")
    assert said.startswith(("StoreDamaged", "0 0")), said


def test_a_newer_database_is_refused(tmp_path: Path) -> None:
    _run(tmp_path, "store.engine.query(\"INSERT INTO masthead SELECT 999, 'future', 0\", {})\nstore.close()")
    assert _run(tmp_path, "pass").startswith("StoreDamaged the span store is at version 999")


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("Code: 243. DB::Exception: Cannot reserve 1.00 MiB, not enough space. (NOT_ENOUGH_SPACE)", StoreFull),
        ("Code: 75. DB::ErrnoException: Cannot write: , errno: 28, strerror: No space left on device", StoreFull),
        ("Code: 76. DB::ErrnoException: Cannot open file: , strerror: Read-only file system", StoreFull),
        ("Code: 40. DB::Exception: Checksum doesn't match: corrupted data.", StoreDamaged),
        ("Code: 241. DB::Exception: Query memory limit exceeded", StoreRefused),
        ("Code: 252. DB::Exception: Too many parts", StoreError),
        ("something else", StoreError),
    ],
)
def test_a_failure_has_its_kind_and_its_place(message: str, kind: type[StoreError]) -> None:
    error = store_error(message, where="'/data'")
    assert type(error) is kind
    assert "'/data'" in str(error)


@pytest.mark.parametrize("url", ["", "postgresql://x", "clickhouse://", "localhost:8123"])
def test_a_url_that_is_none_is_refused_with_an_example(tmp_path: Path, url: str) -> None:
    with pytest.raises(SettingsError, match="clickhouse://user:password@host:8123/database"):
        open_store(data_dir=tmp_path, clickhouse_url=url)


def test_a_server_that_does_not_answer_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"127\.0\.0\.1:1"):
        open_store(data_dir=tmp_path, clickhouse_url="clickhouse://127.0.0.1:1/x")


def test_a_closed_store_says_so_and_may_be_closed_again(tmp_path: Path) -> None:
    said = _run(tmp_path, "store.close()\nstore.close()\nprint('closed twice')\nstore.ping()")
    assert said.splitlines() == ["closed twice", f"StoreError the span store in '{tmp_path}/traces' is closed"]


def test_a_second_folder_in_one_process_is_refused(tmp_path: Path) -> None:
    assert "StoreBusy" in _run(tmp_path / "it's one", f"open_store(data_dir=Path({str(tmp_path / 'two')!r}))")


def test_reading_and_exporting_go_on_beside_appending(tmp_path: Path) -> None:
    body = (
        "import threading\n"
        "appender = Appender(store.engine)\n"
        "def write():\n"
        "    for n in range(1, 13):\n"
        "        appender.append([span_row(P, span=n)], token=str(n), received_ns=n)\n"
        "def read():\n"
        "    while writer.is_alive():\n"
        "        store.runs(P, RunFilter(), limit=9), store.search(P, 'x', limit=3)\n"
        "        list(store.parquet(P, RunFilter()))\n"
        "writer = threading.Thread(target=write)\n"
        "readers = [threading.Thread(target=read) for _ in range(4)]\n"
        "writer.start(), [one.start() for one in readers], writer.join(), [one.join() for one in readers]\n"
        "print(store.run(P, run_id(1)).spans)"
    )
    assert _run(tmp_path / "a folder's name", body) == "12"


def test_what_a_killed_export_left_is_removed_at_the_next_opening(tmp_path: Path) -> None:
    killed = (
        "import os\nAppender(store.engine).append([span_row(P, span=1)], token='1', received_ns=1)\n"
        "export = store.parquet(P, RunFilter())\nnext(export)\nos._exit(0)"
    )
    _run(tmp_path, killed)
    assert list((tmp_path / "traces").glob("export-*/result"))
    _run(tmp_path, "store.close()")
    assert not list((tmp_path / "traces").glob("export-*"))
    assert {path.name for path in (tmp_path / "traces").iterdir()} == {"data", "lock"}


def test_a_folder_that_would_be_read_as_options_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"'\?'.*MASTHEAD_DATA_DIR"):
        open_store(data_dir=tmp_path / "what?path=elsewhere")
    assert list(tmp_path.iterdir()) == []
