"""Jobs of this process, one after the other in a thread of their own, so that no request waits for them.

Jobs are not kept over a restart and need not be: whatever a job does is written in small steps that each stand for
themselves, and asking for it again does what is left.
"""

import logging
import secrets
import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from masthead.clock import Clock
from masthead.model.errors import MastheadError, NotFound, Overloaded
from masthead.model.ids import ProjectId
from masthead.model.job import Job

_log = logging.getLogger(__name__)

MOST_WAITING: Final = 8
"""How many jobs of one project may wait or run."""
MOST_KEPT: Final = 200
"""How many jobs that have ended are remembered, the latest ones."""
_CLOSING_S: Final = 30.0

Work = Callable[[Callable[[int], bool]], object]
"""Does a job. It is given a function to be told how much is done, which answers whether to go on."""


@dataclass
class _Entry:
    job: Job
    work: Work
    is_stopped: threading.Event = field(default_factory=threading.Event)


class Jobs:
    """Takes jobs, runs them in the order in which they came, and says how far they are."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Condition()
        """Guards everything below."""
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._waiting: deque[_Entry] = deque()
        self._thread: threading.Thread | None = None
        self._is_closed = False

    def start(self, project: ProjectId, kind: str, total: int, work: Work) -> Job:
        """Take a job and return it; the first one starts the thread.

        Raises:
            Overloaded: too many of the project's jobs are waiting already.
        """
        now_ns = self._clock.now_ns()
        job = Job(
            id=secrets.token_hex(8),
            project_id=project,
            kind=kind,
            state="queued" if total else "done",
            done=0,
            total=total,
            problem=None,
            asked_ns=now_ns,
            started_ns=None,
            ended_ns=None if total else now_ns,
        )
        with self._lock:
            open_jobs = [entry for entry in self._entries.values() if entry.job.ended_ns is None]
            if sum(entry.job.project_id == project for entry in open_jobs) >= MOST_WAITING:
                raise Overloaded(
                    f"{MOST_WAITING} jobs of project {project!r} are waiting; let one end", retry_after_s=10
                )
            entry = _Entry(job, work)
            self._entries[job.id] = entry
            self._forget_old()
            if total and not self._is_closed:
                self._waiting.append(entry)
                self._lock.notify_all()
                self._ensure_thread()
        return job

    def get(self, project: ProjectId, job_id: str) -> Job:
        """Return a job of the project.

        Raises:
            NotFound: there is none of that id; a restart of the server forgets them.
        """
        with self._lock:
            return self._entry(project, job_id).job

    def all_of(self, project: ProjectId) -> list[Job]:
        """Return the project's jobs, the latest asked for first."""
        with self._lock:
            return [entry.job for entry in reversed(self._entries.values()) if entry.job.project_id == project]

    def stop(self, project: ProjectId, job_id: str) -> Job:
        """End a job after the step that it is at; one that has ended stays as it is.

        Raises:
            NotFound: there is none of that id.
        """
        with self._lock:
            entry = self._entry(project, job_id)
            entry.is_stopped.set()
            if entry in self._waiting:
                self._waiting.remove(entry)
                entry.job = replace(entry.job, state="stopped", ended_ns=self._clock.now_ns())
            return entry.job

    def close(self) -> None:
        """Stop every job and wait for the step that is being done."""
        with self._lock:
            self._is_closed = True
            for entry in self._entries.values():
                entry.is_stopped.set()
            self._waiting.clear()
            self._lock.notify_all()
            thread = self._thread
        if thread is not None:
            thread.join(timeout=_CLOSING_S)

    def _entry(self, project: ProjectId, job_id: str) -> _Entry:
        entry = self._entries.get(job_id)
        if entry is None or entry.job.project_id != project:
            raise NotFound(f"no job {job_id!r} in project {project!r}; a restart forgets jobs, not what they did")
        return entry

    def _forget_old(self) -> None:
        ended = [job_id for job_id, entry in self._entries.items() if entry.job.ended_ns is not None]
        for job_id in ended[: max(0, len(ended) - MOST_KEPT)]:
            del self._entries[job_id]

    def _ensure_thread(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="jobs", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while True:
            with self._lock:
                while not self._waiting and not self._is_closed:
                    self._lock.wait()
                if self._is_closed:
                    return
                entry = self._waiting.popleft()
                entry.job = replace(entry.job, state="running", started_ns=self._clock.now_ns())
            self._do(entry)

    def _do(self, entry: _Entry) -> None:
        def went_on(done: int) -> bool:
            with self._lock:
                entry.job = replace(entry.job, done=done)
            return not entry.is_stopped.is_set()

        problem: str | None = None
        try:
            entry.work(went_on)
        except MastheadError as error:
            problem = str(error)
        except Exception as error:  # noqa: BLE001 - the edge of a job: it is logged, and the next one runs
            _log.error("job %s of %s failed", entry.job.id, entry.job.kind, exc_info=error)
            problem = "an unexpected error; the server's log has it"
        with self._lock:
            is_cut = entry.is_stopped.is_set() and entry.job.done < entry.job.total
            state = "failed" if problem else "stopped" if is_cut else "done"
            entry.job = replace(entry.job, state=state, problem=problem, ended_ns=self._clock.now_ns())
