"""Conversations that people are reading: kept while they are read, so that paging does not rebuild them."""

from collections import OrderedDict
from threading import Lock

from masthead.conversation import conversation_of
from masthead.detect.registry import suite
from masthead.diagnose.known import Known
from masthead.diagnose.run import diagnose
from masthead.diagnose.stored import known
from masthead.model.conversation import Conversation
from masthead.model.diagnosis import Diagnosis
from masthead.model.errors import NotFound
from masthead.model.ids import ProjectId, RunId
from masthead.model.run import RunRow
from masthead.store.traces.port import SpanStore

MOST_CHARACTERS = 50_000_000
"""How much text the kept conversations hold together, at most; the least recently read go first."""
MOST_DIAGNOSES = 64
"""How many diagnoses are kept; the least recently made go first."""


class Conversations:
    """Reads conversations from the store, each by one reader at a time: the others wait for what it built.

    A page asks for a run's head, turns, outline and flow at once, and 30,000 turns take a second to build.
    """

    def __init__(self, store: SpanStore, *, most_characters: int = MOST_CHARACTERS) -> None:
        self._store = store
        self._most_characters = most_characters
        self._lock = Lock()
        """Guards everything below."""
        self._kept: OrderedDict[tuple[ProjectId, RunId], tuple[RunRow, int, Conversation]] = OrderedDict()
        self._characters = 0
        self._building: dict[tuple[ProjectId, RunId], Lock] = {}
        self._diagnosed: OrderedDict[tuple[ProjectId, RunId], tuple[RunRow, Known, Diagnosis]] = OrderedDict()
        self._diagnosing: dict[tuple[ProjectId, RunId], Lock] = {}

    def row(self, project: ProjectId, run_id: RunId) -> RunRow:
        """Return the run's row.

        Raises:
            NotFound: this project has no such run.
        """
        row = self._store.run(project, run_id)
        if row is None:
            raise NotFound(f"no run {run_id!r} in project {project!r}; masthead runs lists those there are")
        return row

    def get(self, project: ProjectId, run_id: RunId) -> tuple[RunRow, Conversation]:
        """Return the run's row and its conversation, rebuilt where spans have come since.

        Raises:
            NotFound: this project has no such run.
        """
        row = self.row(project, run_id)
        key = (project, run_id)
        with self._lock:
            building = self._building.setdefault(key, Lock())
        try:
            with building:
                conversation = self._found(key, row)
                if conversation is None:
                    conversation = conversation_of(self._store.spans(project, run_id))
                    self._keep(key, row, conversation)
        finally:
            with self._lock:
                self._building.pop(key, None)
        return row, conversation

    def diagnosis(self, project: ProjectId, run_id: RunId) -> Diagnosis:
        """Return the run's diagnosis, made anew where spans or verdicts of judges and people have come since.

        No language model is called; a run of 30,000 turns can take seconds, which is why the latest are kept.

        Raises:
            NotFound: this project has no such run.
        """
        row, conversation = self.get(project, run_id)
        told = known(self._store, project, run_id)
        key = (project, run_id)
        with self._lock:
            diagnosing = self._diagnosing.setdefault(key, Lock())
        try:
            with diagnosing:
                with self._lock:
                    kept = self._diagnosed.get(key)
                if kept is not None and kept[:2] == (row, told):
                    return kept[2]
                made = diagnose(conversation, [suite()], findings=told.findings, judged=told.judged)
                with self._lock:
                    self._diagnosed[key] = (row, told, made)
                    self._diagnosed.move_to_end(key)
                    while len(self._diagnosed) > MOST_DIAGNOSES:
                        self._diagnosed.popitem(last=False)
                return made
        finally:
            with self._lock:
                self._diagnosing.pop(key, None)

    def _found(self, key: tuple[ProjectId, RunId], row: RunRow) -> Conversation | None:
        with self._lock:
            found = self._kept.get(key)
            if found is None or found[0] != row:
                return None
            self._kept.move_to_end(key)
            return found[2]

    def _keep(self, key: tuple[ProjectId, RunId], row: RunRow, conversation: Conversation) -> None:
        characters = sum(
            len(turn.text) + len(turn.reasoning or "") + len(turn.tool_arguments or "") + 200
            for turn in conversation.turns
        )
        with self._lock:
            replaced = self._kept.pop(key, None)
            self._characters += characters - (replaced[1] if replaced else 0)
            self._kept[key] = (row, characters, conversation)
            while self._characters > self._most_characters and len(self._kept) > 1:
                _, (_, dropped, _) = self._kept.popitem(last=False)
                self._characters -= dropped
