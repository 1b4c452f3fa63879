"""The composition root: the only place that knows every room. Everything else takes what it needs as an argument."""

import contextlib
import secrets
from collections import Counter
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from starlette.types import ASGIApp

from masthead.api.access import project_of_writer
from masthead.api.app import build_app
from masthead.api.conversations import Conversations
from masthead.api.gateway_callers import caller_of
from masthead.api.gateway_desk import GatewayDesk
from masthead.api.jobs import Jobs
from masthead.api.otlp import OtlpTraces
from masthead.api.services import ImportFile, Services
from masthead.clock import Clock, SystemClock
from masthead.diagnose.quiet import QuietRuns
from masthead.gateway.call import Identity
from masthead.gateway.service import GatewayService
from masthead.gateway.status import Stand
from masthead.govern.attempts import FailedAttempts
from masthead.govern.directory import Directory
from masthead.govern.erasure import Eraser
from masthead.govern.gateway_documents import GatewayDocuments
from masthead.govern.keyring import Keyring
from masthead.govern.projects import Registry
from masthead.govern.shelf import Shelf
from masthead.ingest.allocator import return_large_blocks
from masthead.ingest.door import Door
from masthead.ingest.importing import Report, import_stream
from masthead.ingest.project_door import ProjectDoor
from masthead.model.errors import StoreError, StoreFull
from masthead.model.ids import ProjectId
from masthead.model.importing import ImportProblem, ImportReport
from masthead.providers.catalogue import Catalogue
from masthead.providers.prices import Prices
from masthead.report.brief import Briefs
from masthead.settings import Settings
from masthead.store.control.database import Database, sqlite_url
from masthead.store.traces.append import Appender
from masthead.store.traces.open import open_store
from masthead.store.traces.port import SpanStore
from masthead.store.traces.upkeep import Upkeep
from masthead.store.traces.words import Words
from masthead.web.app import web_app
from masthead.wiring_gateway import StoredDocuments, gateway_of, vault_of


@dataclass(frozen=True, kw_only=True)
class Application:
    """Everything, opened and ready to be served."""

    asgi: ASGIApp
    services: Services
    door: Door
    gateway: GatewayService
    quiet: QuietRuns
    """Diagnoses runs by itself, once it is started."""
    operator_token: str
    """Proves that a command is run by the owner of the data folder; made anew at each start."""


@contextlib.contextmanager
def opened(settings: Settings, clock: Clock | None = None) -> Generator[Application]:
    """Open the stores and the door, and close them at the end.

    Raises:
        StoreBusy: another process owns the data folder.
        StoreFull: the data folder cannot be written.
        StoreDamaged: what is on disk cannot be read.
        SettingsError: a setting cannot be used.
    """
    clock = clock or SystemClock()
    return_large_blocks()
    _make_folder(settings.data_dir)
    with contextlib.ExitStack() as stack:
        clickhouse_url = settings.clickhouse_url.get_secret_value() if settings.clickhouse_url else None
        store = open_store(data_dir=settings.data_dir, clickhouse_url=clickhouse_url, memory_mb=settings.memory_mb)
        stack.callback(store.close)
        words = Words(store.engine)
        upkeep = Upkeep(store.engine, words)
        stack.callback(upkeep.close)
        database = Database.open(_control_url(settings))
        stack.callback(database.close)
        directory = Directory(database, clock)
        stack.callback(directory.close)
        registry = Registry(database, store, directory, clock)
        registry.start()
        quiet = QuietRuns(store, clock, quiet_s=settings.diagnose_after_s)
        stack.callback(quiet.close)
        door = Door(
            folder=settings.data_dir / "wal",
            append=Appender(store.engine, words, heard=quiet.heard).append,
            redaction_of=lambda project: directory.project(project).redaction,
            clock=clock,
            queue_bytes=settings.queue_bytes,
            max_body_bytes=settings.max_body_bytes,
            insert_interval_ms=settings.insert_interval_ms,
            records_content=settings.record_content == "full",
            prices=Prices(settings.data_dir),
        )
        stack.callback(door.close)
        upkeep.start()
        jobs = Jobs(clock)
        stack.callback(jobs.close)
        application = _application(
            settings=settings,
            clock=clock,
            jobs=jobs,
            store=store,
            database=database,
            directory=directory,
            registry=registry,
            door=door,
            quiet=quiet,
        )
        stack.callback(application.gateway.close)
        yield application


def _application(
    *,
    settings: Settings,
    clock: Clock,
    jobs: Jobs,
    store: SpanStore,
    database: Database,
    directory: Directory,
    registry: Registry,
    door: Door,
    quiet: QuietRuns,
) -> Application:
    token = secrets.token_urlsafe(32)

    async def identify(scope: Mapping[str, Any]) -> Identity:
        return await caller_of(services, dict(scope))

    vault = vault_of(settings, database, clock)
    documents = GatewayDocuments(database, clock)
    gateway = gateway_of(
        settings,
        door,
        clock,
        identify,
        documents=StoredDocuments(documents, vault),
        stand=Stand(folder=settings.data_dir / "gateway"),
        redaction_of=directory.redaction_of,
    )
    services = Services(
        settings=settings,
        clock=clock,
        store=store,
        database=database,
        directory=directory,
        keyring=Keyring(database, directory, clock),
        registry=registry,
        eraser=Eraser(database, store, directory, clock, door),
        shelf=Shelf(database=database, store=store, clock=clock),
        briefs=Briefs(store),
        attempts=FailedAttempts(clock),
        conversations=Conversations(store),
        import_file=_import_file(store, door, clock),
        jobs=jobs,
        models=Catalogue(folder=settings.data_dir),
        check_door=lambda: _check_door(door),
        door_counters=door.counters,
        otlp=OtlpTraces(door, lambda scope: project_of_writer(services, scope)),
        gateway=gateway,
        vault=vault,
        gateway_documents=GatewayDesk(documents, vault, gateway),
        web=web_app(path_prefix=settings.path_prefix),
        local_token=SecretStr(token),
    )
    return Application(
        asgi=build_app(services), services=services, door=door, gateway=gateway, quiet=quiet, operator_token=token
    )


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        message = f"cannot make the data folder {folder}: {error.strerror or error}; choose another with --data-dir"
        raise StoreFull(message) from error


def _control_url(settings: Settings) -> str:
    if settings.database_url is not None:
        return settings.database_url.get_secret_value()
    return sqlite_url(settings.data_dir / "control.sqlite")


def _check_door(door: Door) -> None:
    counters = door.counters()
    if counters.is_store_down:
        raise StoreError(f"spans are accepted but cannot be inserted: {counters.last_error}")


def _import_file(store: SpanStore, door: Door, clock: Clock) -> ImportFile:
    def import_file(project: ProjectId, path: Path, format_id: str | None) -> ImportReport:
        report = Report()
        with path.open("rb") as stream:
            into = ProjectDoor(project, store, door)
            for progress in import_stream(path.name, stream, into, clock=clock, format_id=format_id):
                report = progress.report
        formats: Counter[str] = Counter()
        for (format_name, _system), runs in report.added.items():
            formats[format_name] += runs
        return ImportReport(
            formats=dict(formats),
            runs=report.runs_added,
            runs_known=report.runs_there,
            spans=report.spans_added,
            scores=report.scores_added,
            problems=tuple(ImportProblem(problem.where, problem.reason) for problem in report.problems[:100]),
            problems_total=report.malformed,
        )

    return import_file
