"""Whose configuration holds: what each project's calls are served with, built at its first call and kept while in use.

The file holds for all projects; a project's own document, from control data, stands over it. Both are looked at once a
second while there are calls, in a thread. What cannot be taken changes nothing and is reported. Nothing that is built
here is shared between projects: not routes, not secrets, not the health of targets, not what plugins remember.
"""

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple, Protocol, cast

from masthead.clock import Clock
from masthead.gateway import differences
from masthead.gateway.call import Call, Exchange
from masthead.gateway.conduct import Conductor
from masthead.gateway.config import ConfigRefused, Fault, GatewayConfig, address_faults, load, secret_faults
from masthead.gateway.config_routes import GuardsConfig
from masthead.gateway.merging import Effective, document, effective, trespasses
from masthead.gateway.policy.health import Fleet
from masthead.gateway.seams import Recorder, Refused, Seams
from masthead.gateway.secret import SecretReader, Secrets, file_of
from masthead.model.errors import SettingsError, StoreError
from masthead.model.ids import DEFAULT_PROJECT, ProjectId
from masthead.model.stored import SecretId

_LOG = logging.getLogger(__name__)
_NOTED_EVERY_NS: Final = 60 * 1_000_000_000


class Stored(NamedTuple):
    """A project's own document, as it was given."""

    revision: int
    given: object


class Documents(Protocol):
    """Where projects' documents and secrets are kept. Its methods block; they may raise `StoreError`."""

    def changes(self, since: int) -> tuple[int, Collection[ProjectId]]:
        """Return the number of the last change, and whose documents or secrets changed after `since`."""
        ...

    def document(self, project: ProjectId) -> Stored | None:
        """Return the project's document, None where it has none."""
        ...

    def secret(self, which: SecretId) -> str | None:
        """Return a secret; raise `SettingsError` where it cannot be decrypted."""
        ...

    def note_uses(self, uses: Mapping[SecretId, int]) -> None:
        """Note when secrets were last used, in Unix nanoseconds."""
        ...


class NoDocuments:
    """No project has a document or a secret."""

    def changes(self, since: int) -> tuple[int, Collection[ProjectId]]:  # noqa: ARG002 - the port's
        """Return that nothing ever changes."""
        return 0, ()

    def document(self, project: ProjectId) -> Stored | None:  # noqa: ARG002 - the port's
        """Return none."""
        return None

    def secret(self, which: SecretId) -> str | None:  # noqa: ARG002 - the port's
        """Return none."""
        return None

    def note_uses(self, uses: Mapping[SecretId, int]) -> None:
        """Note nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """A project, and what is plugged in for it is built from."""

    project: ProjectId
    config: GatewayConfig
    """What holds for it: its own document over the file."""
    secrets: SecretReader
    """Reads `stored:NAME` as the project's own."""
    fleet: Fleet
    """How its targets fare. Outlives a change of the configuration."""
    recorder: Recorder


MakeSeams = Callable[[Tenant], Seams]
"""Builds what is plugged in for a project; raises `SettingsError` where a secret or setting is missing."""


@dataclass(slots=True, kw_only=True)
class Serving:
    """What one project's calls are served with. A call keeps the one that it began with."""

    tenant: Tenant
    config: GatewayConfig
    seams: Seams
    conductor: Conductor
    routes: Mapping[str, GuardsConfig]
    """The guards of routes that have guards of their own."""
    revision: int
    """Of the project's document; 0 where it has none."""
    own: GatewayConfig | None = None
    """The project's document."""
    warnings: tuple[Fault, ...] = ()
    is_used: bool = False
    """Whether a call came since room was last made."""

    def guards_of(self, call: Call) -> GuardsConfig:
        """Return what guards the runs that make this call: its route's guards, else those of all routes."""
        return self.routes.get(call.model) or self.config.guards


@dataclass(slots=True)
class _Broken:
    """Why a project's calls cannot be served, or not by its latest document."""

    faults: tuple[Fault, ...] = field(default_factory=tuple)


class Tenants:
    """The projects whose calls are served, by id. Asked in the event loop, built in threads.

    The lock is held while something is built, so that a look and a first call do not build the same thing twice.
    """

    def __init__(
        self,
        *,
        file: Path,
        documents: Documents,
        make_seams: MakeSeams,
        make_conductor: Callable[[GatewayConfig], Conductor],
        environment: Mapping[str, str],
        recorder: Recorder,
        clock: Clock,
        most: int = 1024,
    ) -> None:
        """Read the file; keep so many projects ready at once.

        Raises:
            SettingsError: it cannot be taken.
        """
        self._file = file
        self._documents = documents
        self._make_seams = make_seams
        self._make_conductor = make_conductor
        self._environment = environment
        self._recorder = recorder
        self._clock = clock
        self._lock = threading.Lock()
        self._servings: dict[ProjectId, Serving] = {}
        self._most = most
        self._turns = deque[ProjectId]()
        """Whose turn it is to be let go, unless calls came."""
        self._broken: dict[ProjectId, _Broken] = {}
        self._seen = 0
        self._due = set[ProjectId]()
        """What is to be built anew: a change is seen once, and the database may be away when it is."""
        self._uses: dict[SecretId, int] = {}
        self._uses_noted: dict[SecretId, int] = {}
        self.file_fault: str | None = None
        """Why the file as it is now is not what holds."""
        self.base, self._stamp = _read(file)
        self._secret_files = _secret_files(self.base)
        self._check_base(self.base)
        self._note_changes()

    def get(self, project: ProjectId) -> Serving | None:
        """Return what serves the project's calls, where it is ready."""
        return self._servings.get(project)

    def all(self) -> Sequence[Serving]:
        """Return what is ready at present."""
        return list(self._servings.values())

    def is_set_up(self) -> bool:
        """Say whether any call can be served: by a connection of the file, as it is now, or a project's own; blocks."""
        if not self.base.connections:
            self.look()
        if self.base.connections:
            return True
        try:
            _, projects = self._documents.changes(0)
            return any(map(self._has_connections, projects))
        except StoreError as error:
            _LOG.warning("projects' gateway configurations cannot be read: %s", error)
            return False

    def _has_connections(self, project: ProjectId) -> bool:
        found = self._documents.document(project)
        given = None if found is None else found.given
        return isinstance(given, dict) and bool(cast("dict[str, object]", given).get("connections"))

    async def load(self, project: ProjectId) -> Serving:
        """Return what serves the project's calls, built where need be.

        Raises:
            Refused: its configuration cannot be taken, or not be read.
        """
        return await asyncio.to_thread(self.loaded, project)

    def loaded(self, project: ProjectId) -> Serving:
        """Return what serves the project's calls, built where need be; blocks.

        Raises:
            Refused: its configuration cannot be taken, or not be read.
        """
        with self._lock:
            found = self._servings.get(project)
            if found is not None:
                return found
            if project not in self._broken:
                self._build(project)
            found = self._servings.get(project)
        if found is None:
            message = "this project's gateway configuration cannot be taken; its owner sees why on its page"
            raise Refused(message, status=503, kind="configuration")
        return found

    def faults_of(self, project: ProjectId) -> tuple[Fault, ...]:
        """Return why the project's latest document, or the latest file, is not what holds."""
        with self._lock:
            broken = self._broken.get(project)
        above = () if self.file_fault is None else (Fault("gateway.toml", self.file_fault),)
        return (*above, *(broken.faults if broken is not None else ()))

    def trial(self, project: ProjectId, given: object) -> Effective:
        """Return what would hold for the project with this document, and change nothing; blocks.

        Raises:
            SettingsError: it cannot be taken; as `ConfigRefused`, with every fault.
        """
        found = effective(self.base, document(given, self.base, where="the document"))
        fleet = Fleet(self._clock, found.config.breaker)
        secrets = Secrets(self._environment, lambda _name: "to be stored")
        self._make_seams(
            Tenant(project=project, config=found.config, secrets=secrets, fleet=fleet, recorder=self._recorder)
        )
        return found

    def note_use(self, exchange: Exchange) -> None:
        """Remember which stored secrets a finished call used; they are noted once a minute."""
        for attempt in exchange.attempts:
            name = attempt.target.connection.stored_secret
            if name is not None:
                self._uses[SecretId(exchange.call.identity.project, name)] = attempt.start_ns

    def write_uses(self, *, is_last: bool = False) -> None:
        """Note when stored secrets were used, where that is due; blocks."""
        every_ns = 0 if is_last else _NOTED_EVERY_NS
        uses = {one: at for one, at in self._uses.copy().items() if at - self._uses_noted.get(one, 0) > every_ns}
        if not uses:
            return
        try:
            self._documents.note_uses(uses)
        except StoreError as error:
            _LOG.warning("the use of secrets was not noted: %s", error)
            return
        self._uses_noted |= uses

    def look(self) -> None:
        """Take up what changed in the file, in its secrets, and in documents of projects that are ready; blocks."""
        self.write_uses()
        with self._lock:
            known = {*self._servings, *self._broken}
            changed = known if self._look_at_file() or self._look_at_secrets() else self._note_changes()
            self._due = known.intersection(self._due.union(changed))
            for project in tuple(self._due):
                self._due.discard(project)
                try:
                    self._build(project)
                except Refused as error:
                    self._due.add(project)
                    _LOG.warning("the project %r keeps its configuration: %s", project, error)

    def _note_changes(self) -> Collection[ProjectId]:
        try:
            self._seen, changed = self._documents.changes(self._seen)
        except StoreError as error:
            _LOG.warning("changes of projects' gateway configurations cannot be read: %s", error)
            return ()
        return changed

    def _look_at_file(self) -> bool:
        stamp = _stamp_of(self._file)
        if stamp == self._stamp:
            return False
        self._stamp = stamp
        try:
            base, self._stamp = _read(self._file)
            self._check_base(base)
        except SettingsError as error:
            self.file_fault = str(error)
            _LOG.error("the gateway keeps its configuration: %s", error)
            return False
        changes = "; ".join(map(str, differences.between(self.base, base)))
        _LOG.warning("the gateway's configuration changed: %s", changes or "nothing that counts")
        self.base, self.file_fault = base, None
        self._secret_files = _secret_files(base)
        return True

    def _look_at_secrets(self) -> bool:
        """Say whether files changed that hold secrets of the file's connections."""
        found = _secret_files(self.base)
        before, self._secret_files = self._secret_files, found
        changed = sorted(str(path) for path, stamp in found.items() if stamp != before.get(path))
        if not changed:
            return False
        _LOG.warning("files of secrets changed, and are read again: %s", ", ".join(changed))
        for fault in secret_faults(self.base, self._environment):
            _LOG.warning("the gateway's configuration: %s", fault)
        return True

    def _check_base(self, base: GatewayConfig) -> None:
        """Build what the file says by itself, for nobody; raise `SettingsError` where that cannot be."""
        fleet = Fleet(self._clock, base.breaker)
        secrets = Secrets(self._environment)
        self._make_seams(
            Tenant(project=DEFAULT_PROJECT, config=base, secrets=secrets, fleet=fleet, recorder=self._recorder)
        )
        for fault in (*secret_faults(base, self._environment), *address_faults(base)):
            _LOG.warning("the gateway's configuration: %s", fault)

    def _build(self, project: ProjectId) -> None:
        """Build what serves a project anew; where that cannot be, what there is stays, and the faults are kept."""
        before = self._servings.get(project)
        try:
            built = self._built(project, before)
        except SettingsError as error:
            faults = error.faults if isinstance(error, ConfigRefused) else (Fault("document", str(error)),)
            if len(self._broken) >= self._most:
                self._broken.clear()
            self._broken[project] = _Broken(faults)
            _LOG.error("the gateway configuration of project %r is not taken up: %s", project, error)
            if before is not None and before.own is not None and trespasses(before.own, self.base):
                del self._servings[project]  # what held would go on reaching networks that are no longer permitted
            return
        except StoreError as error:
            _LOG.warning("the gateway configuration of project %r cannot be read: %s", project, error)
            message = "this project's gateway configuration cannot be read at present; try again"
            raise Refused(message, status=503, kind="overloaded", headers=((b"retry-after", b"1"),)) from error
        self._broken.pop(project, None)
        if before is None:
            self._make_room()
            self._turns.append(project)
        elif before.revision != built.revision:
            changes = "; ".join(map(str, differences.between(before.config, built.config)))
            _LOG.warning("the gateway configuration of project %r changed: %s", project, changes or "nothing")
        self._servings[project] = built

    def _built(self, project: ProjectId, before: Serving | None) -> Serving:
        stored = self._documents.document(project)
        own, config, warnings = None, self.base, ()
        if stored is not None:
            own = document(stored.given, self.base, where=f"revision {stored.revision}", is_new=False)
            config, warnings = effective(self.base, own)
        fleet = before.tenant.fleet if before is not None else Fleet(self._clock, config.breaker)
        fleet.breaker = config.breaker
        secrets = Secrets(self._environment, lambda name: self._documents.secret(SecretId(project, name)))
        tenant = Tenant(project=project, config=config, secrets=secrets, fleet=fleet, recorder=self._recorder)
        return Serving(
            tenant=tenant,
            config=config,
            seams=self._make_seams(tenant),
            conductor=self._make_conductor(config),
            routes={route.model: route.guards for route in config.routes if route.guards is not None},
            revision=0 if stored is None else stored.revision,
            own=own,
            warnings=warnings,
        )

    def _make_room(self) -> None:
        """Let go of a project of which no call came since room was last made, where there are too many."""
        while len(self._servings) >= self._most:
            project = self._turns.popleft()
            serving = self._servings.get(project)
            if serving is not None and serving.is_used:
                serving.is_used = False
                self._turns.append(project)
            else:
                self._servings.pop(project, None)


class _Stamp(NamedTuple):
    """Another one means that a file was written or replaced."""

    mtime_ns: int
    size_bytes: int
    inode: int


def _read(file: Path) -> tuple[GatewayConfig, _Stamp | None]:
    stamp = _stamp_of(file)
    return (GatewayConfig() if stamp is None else load(file)), stamp


def _secret_files(base: GatewayConfig) -> dict[Path, _Stamp | None]:
    """Return the files that hold secrets, and which state of them is there."""
    references = (one.secret for one in base.connections.values())
    paths = [path for reference in references if reference and (path := file_of(reference)) is not None]
    return {path: _stamp_of(path) for path in paths}


def _stamp_of(file: Path) -> _Stamp | None:
    try:
        found = file.stat()
    except (OSError, ValueError):
        return None
    return _Stamp(found.st_mtime_ns, found.st_size, found.st_ino)
