"""What people who operate a gateway see of it: every process of it, put together for one project or for Prometheus."""

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from masthead.clock import Clock
from masthead.gateway.config_routes import LimitConfig
from masthead.gateway.neighbours import Ignored, Others, left_behind, others
from masthead.gateway.policy.counters import Counters, Used, read_counts
from masthead.gateway.policy.health import Health
from masthead.gateway.policy.uses import LimitUse, uses
from masthead.gateway.recorder import RecorderCounters
from masthead.gateway.shown import Shown
from masthead.gateway.status import Backlog, BreakerSeen, ProcessSeen, ProjectSeen, RecordsSeen, Reporter, Stand
from masthead.gateway.summing import summed
from masthead.gateway.tenants import Serving
from masthead.gateway.traffic import Traffic
from masthead.model.ids import ProjectId

SPOOL: Final = "masthead_gateway_spool"


class Told(NamedTuple):
    """What a process can be asked of itself."""

    traffic: Traffic
    servings: Callable[[], Sequence[Serving]]
    records: Callable[[], RecorderCounters]
    gauges: Callable[[], Mapping[str, float]]
    metrics_text: Callable[[], str]
    shown: Shown


class Processes(NamedTuple):
    """All processes of a gateway, this one first, and the files that say nothing of a living one."""

    alive: tuple[ProcessSeen, ...]
    ignored: tuple[Ignored, ...]


class Operations:
    """Of one process; knows the others by their files. Safe to ask from any thread."""

    def __init__(self, stand: Stand, clock: Clock, told: Told, counters: Counters | None = None) -> None:
        self._stand = stand
        self._clock = clock
        self._told = told
        self._counters = counters
        self._before = left_behind(stand.file, stand.group) if stand.file is not None else ""
        self._reporter = Reporter(stand, clock, self._seen, self._backlogs)

    def close(self) -> None:
        """Tell no more."""
        self._reporter.close()

    def processes(self) -> Processes:
        """Return what every process tells."""
        found = self._others()
        return Processes((self._reporter.own(), *found.alive), found.ignored)

    def metrics_text(self) -> str:
        """Return the metrics of all workers of this gateway, added up."""
        own = self._told.metrics_text()
        if self._stand.group is None:
            return own
        workers = [one.metrics for one in self._others().alive if one.group == self._stand.group]
        return summed([own, *workers], self._before)

    async def limits_used(
        self, project: ProjectId, limits: Sequence[LimitConfig], of_keys: Mapping[str, Sequence[LimitConfig]]
    ) -> list[LimitUse]:
        """Return every limit of the project and its keys with what is used of it; asked in the gateway's event loop.

        Raises:
            ConnectionError, TimeoutError: the server that counts does not answer.
        """
        if not (limits or of_keys) or self._counters is None:
            return []
        counted = [await self._counters.used(f"{project}\0"), *await asyncio.to_thread(self._counted_elsewhere)]
        return uses(project, limits, counted, self._clock.now_ns(), of_keys=of_keys)

    def _counted_elsewhere(self) -> list[dict[str, Used]]:
        """Return what each other process counts that has no server to count in, as it last wrote it down."""
        if self._stand.folder is None:
            return []
        numbers = [one.number for one in self._others().alive if one.number is not None]
        return [read_counts(self._stand.folder / f"limits-{number}.json") for number in numbers]

    def _others(self) -> Others:
        if self._stand.folder is None:
            return Others((), ())
        return others(self._stand.folder, self._clock.now_ns(), own_pid=os.getpid())

    def _seen(self, blank: ProcessSeen) -> None:
        """Fill in what this process has to tell."""
        traffic = self._told.traffic
        projects: dict[str, ProjectSeen] = {}
        servings = {serving.tenant.project: serving for serving in self._told.servings()}
        for project in traffic.projects():
            projects[project] = ProjectSeen(latest=traffic.latest(project), targets=traffic.targets(project))
        for project, call in traffic.calls_under_way():
            projects.setdefault(project, ProjectSeen()).under_way.append(call)
        for project, serving in servings.items():
            found = self._breakers(serving.tenant.fleet.all())
            if found:
                projects.setdefault(project, ProjectSeen()).breakers = found
        for project, seen in projects.items():
            serving = servings.get(ProjectId(project))
            self._told.shown.of(ProjectId(project), seen, None if serving is None else serving.config.recording)
        blank.projects = projects
        blank.records = self._records()
        if self._stand.file is not None:
            blank.metrics = summed([self._told.metrics_text()], self._before)

    def _breakers(self, healths: Mapping[tuple[str, str], Health]) -> list[BreakerSeen]:
        now_s, now_ns = self._clock.monotonic_s(), self._clock.now_ns()
        return [
            BreakerSeen(
                connection=connection,
                model=model,
                state=health.state_at(now_s),
                failures=health.failures,
                until_ns=None
                if health.open_until_s is None
                else now_ns + round((health.open_until_s - now_s) * 1000) * 1_000_000,
            )
            for (connection, model), health in healths.items()
        ]

    def _records(self) -> RecordsSeen:
        own, gauges = self._told.records(), self._told.gauges()
        return RecordsSeen(
            recorded=own.recorded,
            lost=own.lost,
            thinned=own.thinned,
            waiting=own.queued + int(gauges.get(f"{SPOOL}_bodies", 0)),
            waiting_bytes=own.queued_bytes + int(gauges.get(f"{SPOOL}_bytes", 0)),
            set_aside=int(gauges.get(f"{SPOOL}_set_aside_total", 0)),
        )

    def _backlogs(self) -> list[Backlog]:
        """Return what waits in memory, and what waits on disk where there is a spool."""
        own, gauges = self._told.records(), self._told.gauges()
        stages = [Backlog(own.queued, own.recorded + own.lost)]
        if f"{SPOOL}_bodies" in gauges:
            gone = gauges[f"{SPOOL}_shipped_total"] + gauges[f"{SPOOL}_set_aside_total"]
            stages.append(Backlog(int(gauges[f"{SPOOL}_bodies"]), int(gone)))
        return stages
