r"""MA-ToT (MASFT): several tree-of-thought reasoners, a judge of each, and rounds until two agree. JSON.

`trajectory` is a list of printed lines. Printed parts become turns, the rulers between them do not.

- `########## Round n ##########`: message of `MA-ToT` (kind system)
- `Generated thoughts: …` after `Step n: Generation`: message of that reasoner, the thoughts as printed
- `Votes for each thought: …`: verdict of that reasoner
- `Selected thoughts for the next step: …`, `Final selected thought: …`: message of that reasoner
- what stands between rulers after the reasoners: verdict of `Thought Validator`, to the reasoner it names, or the one
  in the same place
- `No agreement among verified answers …`: message of `MA-ToT`
- `At least two verified reasoners agree. Final Answer: …`: ending of `MA-ToT`

`instance_id` is the task's id. Whether the answer is right, the log does not say; `other_data.answer` is metadata.
"""

import re
from collections.abc import Iterator

from masthead.ingest.importers.draft import Draft
from masthead.ingest.importers.family import Family, ImportedRun, Record, run_id_of
from masthead.ingest.importers.shapes import fields, items, metadata, optional_text, text
from masthead.model.conversation import Act, Ending, EndingKind

_ROUND = re.compile(r"\s*#{4,} Round (\d+) #{4,}\s*")
_REASONER = re.compile(r"\*{3,} (Reasoner \d+) output: ?\*{3,}\s*")
_JUDGED = re.compile(r"(Reasoner \d+): Answer")
_STEP = re.compile(r"Step \d+: (Generation|Evaluation|Selection)\s*")
_RULER = re.compile(r"\*{20,}\s*")
_FINAL = re.compile(r".*Final Answer: ?(.*)")
_SAID = ("Generated thoughts:", "Votes for each thought:", "Selected thoughts", "Final selected thought:")
_SYSTEM = "MA-ToT"
_VALIDATOR = "Thought Validator"


def _matches(record: Record) -> bool:
    lines = items(fields(record.value).get("trajectory"))
    return any(isinstance(line, str) and _REASONER.fullmatch(line.strip()) for line in lines[:50])


def _read(record: Record) -> Iterator[ImportedRun]:
    run = fields(record.value)
    reader = _Reader()
    for line in items(run.get("trajectory")):
        reader.read(text(line))
    reader.finish()
    draft = reader.draft
    if not draft.turns:
        raise record.malformed("no '***** Reasoner n output: *****' line with thoughts after it was found")
    answer = fields(run.get("other_data")).get("answer")
    yield ImportedRun(
        conversation=draft.conversation(
            run_id_of("matot", run.get("instance_id"), run.get("trajectory")),
            system=_SYSTEM,
            task=optional_text(run.get("problem_statement")),
            task_id=optional_text(run.get("instance_id")),
            ending=reader.ending(),
            metadata=metadata([("format", "matot"), ("source", record.name), ("answer", answer)]),
        )
    )


class _Reader:
    """Reads line after line. After the last reasoner of a round, what stands between rulers is the validator's."""

    def __init__(self) -> None:
        self.draft = Draft()
        self._reasoner: str | None = None
        self._seen: list[str] = []
        self._judged = 0
        self._lines: list[str] = []
        self._answer: str | None = None

    def read(self, line: str) -> None:
        if opened := _ROUND.fullmatch(line):
            self._flush()
            self._reasoner, self._seen, self._judged = None, [], 0
            self.draft.say(_SYSTEM, f"Round {opened[1]}", kind="system")
        elif reasoner := _REASONER.fullmatch(line.strip()):
            self._flush()
            self._reasoner = reasoner[1]
            self._seen.append(reasoner[1])
        elif _RULER.fullmatch(line):
            self._flush()
            self._reasoner = None
        elif self._reasoner is None:
            self._lines.append(line)
        elif line.startswith(_SAID):
            act = Act.VERDICT if line.startswith("Votes") else Act.MESSAGE
            self.draft.say(self._reasoner, line, act=act)
        elif line.strip() and not _STEP.fullmatch(line) and not line.startswith("Starting reasoning process"):
            self.draft.say(self._reasoner, line)

    def finish(self) -> None:
        """Add what is left after the last ruler."""
        self._flush()

    def _flush(self) -> None:
        said = "\n".join(self._lines).strip()
        self._lines = []
        if not said:
            return
        final = _FINAL.search(said)
        if final is not None and "reasoners" in said:
            self._answer = final[1].strip() or None
            self.draft.say(_SYSTEM, said, kind="system", act=Act.ENDING)
            return
        judged = _JUDGED.match(said)
        if judged is None and said.startswith("No agreement"):
            self.draft.say(_SYSTEM, said, kind="system")
            return
        to = [judged[1]] if judged else self._seen[self._judged : self._judged + 1]
        self._judged += 1
        self.draft.say(_VALIDATOR, said, act=Act.VERDICT, to=to)

    def ending(self) -> Ending:
        """Return how the run ended: with an answer, or not."""
        if self.draft.turns[-1].act is Act.ENDING:
            return Ending(kind=EndingKind.COMPLETED, reason="two reasoners agree", answer=self._answer)
        return Ending(kind=EndingKind.UNFINISHED, reason="the log ends before two reasoners agree")


MATOT = Family(
    id="matot",
    title="MA-ToT (JSON)",
    kind="json",
    looks_like="an object with `trajectory`: lines with `***** Reasoner 1 output: *****`",
    matches=_matches,
    read=_read,
    notes=__doc__ or "",
)
