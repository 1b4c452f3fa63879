"""Diagnose runs by themselves once nothing more of them has come for a while."""

import logging
import threading
from collections.abc import Sequence
from typing import Final

from masthead.clock import Clock
from masthead.diagnose.stored import diagnose_stored, version
from masthead.model.errors import MastheadError
from masthead.model.ids import ProjectId, RunId
from masthead.model.run import RunFilter
from masthead.store.traces.port import SpanStore

_LOG = logging.getLogger(__name__)
_LOOK_S: Final = 2.0
MOST_RUNS: Final = 200_000
"""Runs waited for at once. Of more, the ones heard of first are left to whoever asks for their diagnosis."""
_TOGETHER: Final = 1_000


class QuietRuns:
    """Runs under way, and a thread between `start` and `close` that diagnoses those that went quiet.

    What is waited for is not kept over a restart: such runs are listed as not diagnosed, and can be asked for.
    """

    def __init__(self, store: SpanStore, clock: Clock, *, quiet_s: float) -> None:
        self._store = store
        self._clock = clock
        self._quiet_s = quiet_s
        self._lock = threading.Lock()
        self._heard_s: dict[tuple[str, bytes], float] = {}
        """When spans of a run were stored last, by project and run; guarded by the lock."""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="masthead-quiet-runs", daemon=True)

    def heard(self, projects: Sequence[str], run_ids: Sequence[bytes]) -> None:
        """Note that spans were stored, each of a project and a run (16 bytes). Cheap, from any thread."""
        if self._quiet_s <= 0:
            return
        now_s = self._clock.monotonic_s()
        with self._lock:
            self._heard_s |= dict.fromkeys(zip(projects, run_ids, strict=True), now_s)
            while len(self._heard_s) > MOST_RUNS:
                del self._heard_s[next(iter(self._heard_s))]

    def start(self) -> None:
        """Begin to look for runs that went quiet; never, where `quiet_s` is 0."""
        if self._quiet_s > 0:
            self._thread.start()

    def close(self) -> None:
        """End; a batch of runs that is being diagnosed is finished first."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def diagnose_quiet(self) -> int:
        """Diagnose the runs that have been quiet for long enough and have no diagnosis that holds; return how many."""
        done = 0
        for project, run_ids in self._quiet().items():
            for at in range(0, len(run_ids), _TOGETHER):
                if self._stop.is_set():
                    return done
                done += self._diagnose(project, run_ids[at : at + _TOGETHER])
        return done

    def _diagnose(self, project: ProjectId, run_ids: Sequence[RunId]) -> int:
        chosen = RunFilter(run_ids=tuple(run_ids))
        due = self._store.undiagnosed(project, chosen, version=version(), limit=len(run_ids))
        return diagnose_stored(self._store, project, due, self._clock, went_on=lambda _: not self._stop.is_set())

    def _quiet(self) -> dict[ProjectId, list[RunId]]:
        """Take out the runs that were heard of long enough ago."""
        until_s = self._clock.monotonic_s() - self._quiet_s
        found: dict[ProjectId, list[RunId]] = {}
        with self._lock:
            for key in [key for key, heard_s in self._heard_s.items() if heard_s <= until_s]:
                del self._heard_s[key]
                project, run_id = key
                found.setdefault(ProjectId(project), []).append(RunId(run_id.hex()))
        return found

    def _run(self) -> None:
        while not self._stop.wait(_LOOK_S):
            try:
                self.diagnose_quiet()
            except MastheadError as error:
                _LOG.warning("runs that went quiet could not be diagnosed: %s; ask for it on the pages", error)
            except Exception:  # noqa: BLE001 - the thread's edge: it is logged, and the next runs are diagnosed
                _LOG.exception("runs that went quiet could not be diagnosed; ask for it on the pages")
