"""Read labels by people (or by another evaluator), and the runs that they speak of.

Two kinds of file are taken. MAST's own `labels.jsonl`, whose rows name a trace file and its codes. And rows of
`run`, `code`, `label` (and `task`, `system` where known), one verdict each, as JSON Lines or CSV; `run` is a stored
run's id or a file. A code that a row leaves open is no verdict; in MAST's own file a code that is only near counts as
absent, as the published figures have it.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from masthead.codebook.load import mast
from masthead.ingest.importers.family import ImportedRun, Record, RunLabels
from masthead.ingest.importers.registry import family_of
from masthead.ingest.records import records
from masthead.ingest.sources import documents
from masthead.model.conversation import Conversation
from masthead.model.errors import InvalidInput, NotFound
from masthead.model.ids import Code


@dataclass(frozen=True, kw_only=True, slots=True)
class LabelledRun:
    """One run's labels. `run` is a run id or a file's name; `task` groups runs of the same task."""

    run: str
    task: str
    system: str
    labels: Mapping[Code, bool]


def read_labels(path: Path) -> list[LabelledRun]:
    """Read a file of labels; raise `InvalidInput` naming the line that cannot be read."""
    if path.suffix.lower() == ".csv":
        return _gathered(_csv_rows(path))
    found: list[LabelledRun] = []
    rows: list[tuple[str, Mapping[str, object]]] = []
    for record in _records(path):
        family = family_of(record)
        value = record.value
        if family is not None and family.id == "masft-labels":
            found += [_mast_row(each, value) for each in family.read(record) if isinstance(each, RunLabels)]
        elif isinstance(value, dict):
            rows.append((record.where, value))  # pyright: ignore[reportUnknownArgumentType] - JSON objects have string keys
        else:
            raise record.malformed(
                "a label is an object with `run`, `code` and `label`, or a row of MAST's labels.jsonl"
            )
    return found + _gathered(rows)


def run_of(labelled: LabelledRun, labels_file: Path) -> Conversation:
    """Read the run that a label names from its file, looked for beside the labels and in the folders above.

    Raises `NotFound` where there is no such file.
    """
    for folder in labels_file.resolve().parents:
        path = folder / labelled.run
        if path.is_file():
            for record in _records(path):
                family = family_of(record)
                for imported in family.read(record) if family is not None else ():
                    if isinstance(imported, ImportedRun):
                        return imported.conversation
            raise InvalidInput("no run could be read from it", where=str(path))
    raise NotFound(f"no file {labelled.run!r} beside {str(labels_file)!r} or above; keep the labels with their runs")


def _records(path: Path) -> Iterator[Record]:
    for document in documents([str(path)]):
        for record in records(document):
            if isinstance(record, Record):
                yield record
            else:
                raise record


def _mast_row(labels: RunLabels, value: object) -> LabelledRun:
    raw = Record(name="", value=value).value
    system = str(raw.get("framework", "unknown")) if isinstance(raw, dict) else "unknown"  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType] - JSON
    known = {entry.id for entry in mast().codes}
    return LabelledRun(
        run=labels.file or labels.task_id or "",
        task=f"{system}/{labels.task_id or labels.file}",
        system=system,
        labels={Code(each.name): bool(each.flag) for each in labels.labels if Code(each.name) in known},
    )


def _csv_rows(path: Path) -> list[tuple[str, Mapping[str, object]]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"cannot read the labels ({error})", where=str(path)) from error
    return [(f"{path}:{line}", row) for line, row in enumerate(csv.DictReader(io.StringIO(text)), start=2)]


def _gathered(rows: Sequence[tuple[str, Mapping[str, object]]]) -> list[LabelledRun]:
    flags: dict[str, dict[Code, bool]] = {}
    about: dict[str, tuple[str, str]] = {}
    for where, row in rows:
        run, code = str(row.get("run") or ""), str(row.get("code") or "")
        if not run or not code:
            raise InvalidInput(f"a label needs `run` and `code`, but has {sorted(row)}", where=where)
        flag = _flag(row.get("label"), where)
        if flag is not None:
            flags.setdefault(run, {})[Code(code)] = flag
        about.setdefault(run, (str(row.get("task") or run), str(row.get("system") or "unknown")))
    return [LabelledRun(run=run, task=about[run][0], system=about[run][1], labels=each) for run, each in flags.items()]


def _flag(value: object, where: str) -> bool | None:
    word = str(value).strip().lower()
    if word in ("1", "true", "yes"):
        return True
    if word in ("0", "false", "no"):
        return False
    if value is None or word in ("", "none", "null"):
        return None
    raise InvalidInput(f"label {value!r} is none of true, false and empty", where=where)
