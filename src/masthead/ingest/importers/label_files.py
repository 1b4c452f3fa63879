"""Files of labels beside the runs they speak of: recognised among the runs, tied to them by file name or task.

- MAST/MASFT `labels.jsonl` (`framework`, `trace`, `mast14`): `FM-1.1` … `FM-3.3` by `human:masft`: true for the codes
  given, false for the others where `label_complete`; a code that is only near is left open. `solved` where the file
  says so
- the same with `judge` (`judge_o1.jsonl`): the same by `judge:masft-o1`, of source llm
- AgentRx labels (`trajectory_id`, `failures`, `root_cause`): `failed_step` by `human:agentrx` on every failed turn
  (`step_number` − 1) with the category as label; `origin` on the root cause's turn with the agent as label

Import the file together with its runs, or name it with `--labels`: a label whose run is not in the same import is
counted and reported, not stored.
"""

from collections.abc import Iterator

from masthead.ingest.importers.family import Family, Label, Record, RunLabels
from masthead.ingest.importers.shapes import Fields, boolean, count, fields, is_fields, items, optional_text, text
from masthead.model.score import ScoreSource

MAST_CODES = ("1.1", "1.2", "1.3", "1.4", "1.5", "2.1", "2.2", "2.3", "2.4", "2.5", "2.6", "3.1", "3.2", "3.3")


def _is_masft(record: Record) -> bool:
    return is_fields(record.value, "mast14", "task_id") and ("trace" in fields(record.value))


def _read_masft(record: Record) -> Iterator[RunLabels]:
    row = fields(record.value)
    given = {text(code) for code in items(row.get("mast14"))}
    near = {text(code) for code in items(row.get("mast14_near"))} - given
    unknown = given - set(MAST_CODES)
    if unknown:
        raise record.malformed(f"mast14 holds {sorted(unknown)}, which are no codes of MAST (1.1 to 3.3)")
    source: ScoreSource = "llm" if "judge" in row else "human"
    evaluator = "judge:masft-o1" if source == "llm" else "human:masft"
    is_complete = source == "llm" or row.get("label_complete") is True
    reason = optional_text(row.get("note"))
    labels = [
        Label(
            name=f"FM-{code}",
            evaluator=evaluator,
            source=source,
            flag=None if code in near else code in given,
            reason=f"only near the code; {reason or ''}".rstrip("; ") if code in near else reason,
        )
        for code in MAST_CODES
        if code in given or code in near or is_complete
    ]
    solved = boolean(row.get("solved"))
    if solved is not None:
        labels.append(Label(name="solved", evaluator=evaluator, source=source, flag=solved))
    yield RunLabels(
        file=optional_text(row.get("trace")), task_id=optional_text(row.get("task_id")), labels=tuple(labels)
    )


def _is_agentrx(record: Record) -> bool:
    return is_fields(record.value, "trajectory_id", "failures")


def _read_agentrx(record: Record) -> Iterator[RunLabels]:
    row = fields(record.value)
    trajectory = optional_text(row.get("trajectory_id"))
    failures = [fields(failure) for failure in items(row.get("failures"))]
    root = fields(row.get("root_cause"))
    labels: list[Label] = []
    for failure in failures:
        step = count(failure.get("step_number"))
        if step is None or step < 1:
            raise record.malformed(f"step_number is {failure.get('step_number')!r}; it counts from 1")
        labels.append(_failed(failure, turn=step - 1))
        if root and failure.get("failure_id") == root.get("failure_id"):
            agent = optional_text(failure.get("failed_agent"))
            why = optional_text(root.get("reason_for_root_cause"))
            labels.append(
                Label(name="origin", evaluator="human:agentrx", turn=step - 1, agent=agent, label=agent, reason=why)
            )
    yield RunLabels(file=trajectory, task_id=None, labels=tuple(labels))  # other collections share these task ids


def _failed(failure: Fields, *, turn: int) -> Label:
    return Label(
        name="failed_step",
        evaluator="human:agentrx",
        turn=turn,
        agent=optional_text(failure.get("failed_agent")),
        label=optional_text(failure.get("failure_category")),
        reason=optional_text(failure.get("step_reason")),
    )


MASFT_LABELS = Family(
    id="masft-labels",
    title="MAST/MASFT labels (JSON lines)",
    kind="json",
    looks_like="objects with `framework`, `task_id`, `trace` and `mast14`",
    matches=_is_masft,
    read=_read_masft,
    notes=__doc__ or "",
)
AGENTRX_LABELS = Family(
    id="agentrx-labels",
    title="AgentRx labels (JSON)",
    kind="json",
    looks_like="objects with `trajectory_id`, `failures` and `root_cause`",
    matches=_is_agentrx,
    read=_read_agentrx,
    notes=__doc__ or "",
)
