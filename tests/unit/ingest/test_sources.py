"""Where logs come from: files, folders, globs, archives in archives, pipes; and what cannot be opened."""

import bz2
import gzip
import io
import lzma
import tarfile
import tracemalloc
import zipfile
import zlib
from pathlib import Path

import pytest
import zstandard

from masthead.ingest import sources
from masthead.ingest.sources import document_of, documents, member, sizes
from masthead.model.errors import InvalidInput

pytestmark = pytest.mark.unit

LOG = b"User: hello\nHelper: hi\n"


def tarred(files: dict[str, bytes], mode: str = "w") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:  # pyright: ignore[reportCallIssue, reportArgumentType, reportUnknownVariableType] - the mode is one of Literal's
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))  # pyright: ignore[reportUnknownMemberType]
    return buffer.getvalue()


def zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def contents(data: bytes, name: str = "given") -> dict[str, bytes]:
    return {document.name: document.stream.read() for document in document_of(name, io.BytesIO(data))}


@pytest.mark.parametrize(
    "packed",
    [LOG, gzip.compress(LOG), lzma.compress(LOG), bz2.compress(LOG), zstandard.ZstdCompressor().compress(LOG)],
    ids=["plain", "gzip", "xz", "bzip2", "zstandard"],
)
def test_a_file_is_unpacked_by_its_first_bytes(packed: bytes) -> None:
    assert contents(packed) == {"given": LOG}


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:xz", "w:bz2"])
def test_an_archive_gives_its_members(mode: str) -> None:
    files = {"a/one.log": LOG, "a/._one.log": b"noise", "__MACOSX/x": b"noise", "two.log": b""}
    assert contents(tarred(files, mode)) == {"given!a/one.log": LOG, "given!two.log": b""}


def test_archives_may_hold_archives() -> None:
    inner = zipped({"deep.log": LOG, "packed.log.gz": gzip.compress(LOG)})
    outer = tarred({"inner.zip": inner, "flat.log": LOG}, "w:xz")
    assert contents(outer) == {
        "given!inner.zip!deep.log": LOG,
        "given!inner.zip!packed.log.gz": LOG,
        "given!flat.log": LOG,
    }


def test_an_archive_nested_without_end_is_refused() -> None:
    data = LOG
    for _ in range(9):
        data = gzip.compress(data)
    (document,) = document_of("given", io.BytesIO(data))
    assert document.problem is not None
    assert "nested more than 6 deep" in document.problem


@pytest.mark.parametrize(
    "broken",
    [
        lzma.compress(tarred({"a.log": LOG * 1000}))[:-30],
        gzip.compress(tarred({"a.log": LOG * 1000}))[:-30],
        zipped({"a.log": LOG})[:-30],
        b"PK\x03\x04 and no more",
        b"\xfd7zXZ\x00 and no more",
        b"\x1f\x8b and no more",
        b"\x28\xb5\x2f\xfd and no more",
    ],
)
def test_a_broken_archive_is_a_problem_and_no_crash(broken: bytes) -> None:
    problems: list[str | None] = []
    for document in document_of("given", io.BytesIO(broken)):
        problems.append(document.problem)
        try:
            document.stream.read()
        except (OSError, EOFError, ValueError, lzma.LZMAError, zipfile.BadZipFile, zstandard.ZstdError) as error:
            problems.append(str(error))
    assert any(problems)


def test_one_bad_member_leaves_the_others() -> None:
    data = bytearray(zipped({"bad.log": LOG * 50, "good.log": LOG}))
    at = data.index(b"bad.log") + len("bad.log")
    data[at : at + 4] = b"\xff\xff\xff\xff"
    found: dict[str, bytes] = {}
    for document in document_of("given", io.BytesIO(bytes(data))):
        try:
            found[document.name] = document.stream.read()
        except (OSError, ValueError, zipfile.BadZipFile, zlib.error) as error:
            found[document.name] = type(error).__name__.encode()
    assert found["given!good.log"] == LOG


def test_a_folder_is_walked_in_order_with_labels_first(tmp_path: Path) -> None:
    for name in ("b.log", "sub/a.log", "sub/labels.jsonl", ".git/config", ".hidden"):
        path = tmp_path / "logs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(LOG)
    found = list(documents([str(tmp_path / "logs")]))
    assert [document.name for document in found] == ["logs/sub/labels.jsonl", "logs/b.log", "logs/sub/a.log"]
    assert not any(document.is_named for document in found)


def test_files_globs_and_standard_input_are_named(tmp_path: Path) -> None:
    (tmp_path / "one.log").write_bytes(LOG)
    (tmp_path / "two.log").write_bytes(LOG)
    given = [str(tmp_path / "one.log"), str(tmp_path / "*.log"), "-"]
    found = list(documents(given, standard_input=io.BytesIO(LOG)))
    assert [document.name for document in found] == ["one.log", "one.log", "two.log", "standard input"]
    assert all(document.is_named for document in found)


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="names no file, folder or glob that exists"):
        list(documents([str(tmp_path / "absent*.log")]))


def test_bytes_read_are_told(tmp_path: Path) -> None:
    (tmp_path / "one.log.gz").write_bytes(gzip.compress(LOG * 1000))
    told: list[int] = []
    for document in documents([str(tmp_path)], on_bytes=told.append):
        document.stream.read()
    assert sum(told) == sizes([str(tmp_path)]) == (tmp_path / "one.log.gz").stat().st_size
    assert sizes(["-"]) is None


def test_an_unreadable_member_of_a_log_in_a_zip_is_refused() -> None:
    packed = io.BytesIO(zipped({"header.json": b"{}", "samples/1.json": b"{}"}))
    for document in document_of("log.eval", packed):
        assert document.members == ("header.json", "samples/1.json")
        assert member(document, "header.json", 10) == b"{}"
        with pytest.raises(InvalidInput, match=r"log\.eval!samples/2\.json"):
            member(document, "samples/2.json", 10)


def test_of_a_member_of_a_log_no_more_is_unpacked_than_was_asked_for() -> None:
    packed = io.BytesIO(zipped({"header.json": b" " * (64 << 20)}))
    for document in document_of("log.eval", packed):
        tracemalloc.start()
        data = member(document, "header.json", 3 << 20)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert len(data) == 3 << 20
        assert most < 16 << 20


def test_a_zip_in_an_archive_is_copied_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "_MAX_SPOOL_BYTES", 1 << 20)
    nested = zipped({"huge.zip": b"PK\x03\x04" + bytes(2 << 20), "small.zip": zipped({"a.log": LOG})})
    huge, small = [(document.name, document.problem) for document in document_of("given.zip", io.BytesIO(nested))]
    assert huge[0] == "given.zip!huge.zip"
    assert "this zip is over 1 MiB and not a file of its own; unpack what holds it first" in str(huge[1])
    assert small == ("given.zip!small.zip!a.log", None)
