"""The composition root of the gateway alone: what `masthead gateway` runs, and what the server mounts of it.

Imported by the process that serves models and nothing else, so it must stay light: no span store, no FastAPI.
"""

import contextlib
import json
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Awaitable, Callable, Collection, Generator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import uvicorn

from masthead.clock import Clock, SystemClock
from masthead.gateway.agents.between import by_asker
from masthead.gateway.agents.guards import AgentGuards
from masthead.gateway.agents.keep import Keeper
from masthead.gateway.agents.shared import SharedGuards, counts
from masthead.gateway.agents.wire import Place
from masthead.gateway.alone import Alone
from masthead.gateway.call import Call, Identity
from masthead.gateway.config import GatewayConfig
from masthead.gateway.config_routes import CacheConfig, GuardsConfig
from masthead.gateway.costs import Costs
from masthead.gateway.http_server import PatientProtocol
from masthead.gateway.identity import FRESH_S, ByKey, Remembered
from masthead.gateway.metrics import labelled
from masthead.gateway.neighbours import clear_away
from masthead.gateway.own_calls import OwnCalls
from masthead.gateway.plugins.names import names_of
from masthead.gateway.plugins.veil import Veils
from masthead.gateway.policy.cache import Cache
from masthead.gateway.policy.counters import Counters, MemoryCounters
from masthead.gateway.policy.limits import Adding, Limits, all_added
from masthead.gateway.policy.redis_counters import RedisCounters
from masthead.gateway.policy.routing import PolicyRouter
from masthead.gateway.policy.shadow import Shadows
from masthead.gateway.policy.uncounted import Uncounted
from masthead.gateway.seams import Plugin, Seams, unveiled
from masthead.gateway.service import GatewayService
from masthead.gateway.shown import RedactionOf, no_redaction
from masthead.gateway.spans import Line, lines_of, spans_of
from masthead.gateway.spool import Spool
from masthead.gateway.spools import gauges_of, spools_of
from masthead.gateway.status import Stand
from masthead.gateway.tenants import Documents, Stored, Tenant
from masthead.gateway.upstream.pool import Http1Client
from masthead.gateway.upstream.port import UpstreamClient
from masthead.govern.attempts import FailedAttempts
from masthead.govern.directory import Directory
from masthead.govern.exposure import are_keys_required, is_loopback
from masthead.govern.gateway_documents import GatewayDocuments
from masthead.govern.master_keys import MasterKeys
from masthead.govern.vault import Vault
from masthead.ingest.allocator import collect_in_short_steps, reuse_blocks_of_a_body, share_one_arena
from masthead.model.errors import MastheadError, SettingsError
from masthead.model.ids import ProjectId
from masthead.model.ports import Sink
from masthead.model.stored import SecretId
from masthead.settings import Settings, environment, load
from masthead.store.control.database import Database, sqlite_url

if TYPE_CHECKING:
    from masthead.gateway.plugins.chain import ContentPlugins

SERVING: Final = b"serving"
_MOST_WORDS: Final = 4096
"""Bytes that a pipe takes at once."""


def gateway_of(
    settings: Settings,
    sink: Sink | Spool[Line],
    clock: Clock,
    identify: Callable[[Mapping[str, Any]], Awaitable[Identity]],
    *,
    worker: int = 0,
    workers: int = 1,
    gauges: Callable[[], Mapping[str, float]] = dict,
    documents: Documents | None = None,
    stand: Stand = Stand(),  # noqa: B008 - a tuple, never changed
    redaction_of: RedactionOf = no_redaction,
) -> GatewayService:
    """Return the gateway, ready to be mounted; raise `SettingsError` where its configuration cannot be taken."""
    own = "server" if stand.number is None else str(worker)
    folder = settings.data_dir / "gateway"

    def guards_of(call: Call) -> GuardsConfig:
        return service.guards_of(call)

    def own_calls() -> OwnCalls:
        return service.gateway.own_calls

    costs = Costs(clock, settings.data_dir)
    guards = AgentGuards(by_asker(guards_of), costs, clock, Keeper(folder / f"runs-{own}.jsonl"))
    shared = SharedGuards(guards, guards_of, worker, workers, Place(folder)) if workers > 1 else None
    counters = _counters(settings, clock, own)
    bench = _Bench(
        costs=costs,
        counters=counters,
        guards=shared or guards,
        clock=clock,
        own_calls=own_calls,
        veils=Veils(clock),
        uncountable=_uncountable(settings, workers),
    )

    def close() -> None:
        guards.close()
        counters.close()

    service = GatewayService(
        file=settings.gateway_path,
        make_seams=bench.seams,
        identify=Remembered(identify, clock),
        sink=sink,
        client=_client(settings),
        clock=clock,
        documents=documents,
        environment=environment(),
        gauges=lambda: {**gauges(), **_breakers(service), **counts(shared), **_uncounted(counters)},
        ending=bench.ending,
        closing=close,
        beside=shared,
        write=lines_of if isinstance(sink, Spool) else spans_of,
        stand=stand,
        counters=counters,
        redaction_of=redaction_of,
    )
    return service


@dataclass(frozen=True, kw_only=True)
class _Bench:
    """What every project's seams are made from; what they remember of calls is told apart by project."""

    costs: Costs
    counters: Counters
    guards: Plugin
    clock: Clock
    own_calls: Callable[[], OwnCalls]
    veils: Veils
    uncountable: str | None
    """Why limits cannot be counted here."""
    adding: Adding = field(default_factory=Adding)

    def seams(self, tenant: Tenant) -> Seams:
        """Return what is plugged in for a project; raise `SettingsError` where a secret or setting is missing."""
        config, clock = tenant.config, self.clock
        if config.limits and self.uncountable is not None:
            raise SettingsError(self.uncountable)
        router = PolicyRouter(
            config,
            tenant.secrets,
            tenant.fleet,
            clock,
            self.costs.of_a_million,
            limits_of=self.costs.limits_of,
            known=self.costs.names_of,
        )
        limits = Limits(
            config.limits,
            self.counters,
            self.costs,
            clock,
            fails_open=config.limits_uncounted == "allow",
            uncountable=self.uncountable,
            connections=config.connections,
            uncounted=Uncounted(self.costs, router.targets_of, self.costs.are_known),
            adding=self.adding,
        )
        plugins: list[Plugin] = [self.guards, limits]
        content = _content(config, self.veils) if config.plugins else None
        if content is not None:
            plugins.append(content)
        if config.cache.is_on:
            plugins.append(_cache(config.cache, router, self.own_calls, clock))
        shadows = {route.model: route.shadow for route in config.routes if route.shadow is not None}
        if shadows:
            plugins.append(Shadows(shadows, router.only, self.own_calls, clock, limits))
        veil_of = unveiled if content is None else content.veiled
        return Seams(router=router, recorder=tenant.recorder, plugins=tuple(plugins), veil_of=veil_of)

    async def ending(self) -> None:
        """Wait until the last calls are counted, and close the connections that count them."""
        await all_added(self.adding)
        if isinstance(self.counters, RedisCounters):
            await self.counters.aclose()


def _content(config: GatewayConfig, veils: Veils) -> "ContentPlugins":
    from masthead.gateway.plugins.chain import ContentPlugins  # noqa: PLC0415 - 70 ms, for those who have any

    return ContentPlugins(config.plugins, veils, names_of(config))


def _uncountable(settings: Settings, workers: int) -> str | None:
    """Return why limits cannot be counted; None where they can."""
    if workers == 1 or settings.redis_url is not None:
        return None
    return f"{workers} workers would count limits each by itself: set MASTHEAD_REDIS_URL, or use one"


class StoredDocuments:
    """What gateways read of control data: projects' own configurations and secrets."""

    def __init__(self, documents: GatewayDocuments, vault: Vault) -> None:
        self._documents = documents
        self._vault = vault

    def changes(self, since: int) -> tuple[int, Collection[ProjectId]]:
        """Return the number of the last change, and whose documents or secrets changed after `since`."""
        return self._documents.changes(since)

    def document(self, project: ProjectId) -> Stored | None:
        """Return the project's document, None where it has none."""
        found = self._documents.latest(project)
        return None if found is None else Stored(found.revision, json.loads(found.document))

    def secret(self, which: SecretId) -> str | None:
        """Return a secret."""
        return self._vault.read(which)

    def note_uses(self, uses: Mapping[SecretId, int]) -> None:
        """Note when secrets were last used."""
        self._vault.note_uses(uses)


def vault_of(settings: Settings, database: Database, clock: Clock) -> Vault:
    """Return the secrets of all projects, under the master key that the settings name."""
    own = settings.data_dir / "secrets.key"
    keys = MasterKeys(given=settings.secrets_key, file=settings.secrets_key_file, own_file=own)
    return Vault(database, keys, clock)


def _breakers(service: GatewayService) -> dict[str, float]:
    """Return a gauge for each target that fails lately, 1 while it is set aside: callers name models without end."""
    return {
        labelled(
            "masthead_gateway_target_set_aside", project=serving.tenant.project, connection=connection, model=model
        ): float(health.open_until_s is not None)
        for serving in service.servings()
        for (connection, model), health in serving.tenant.fleet.all().items()
        if health.failures or health.open_until_s is not None
    }


def _uncounted(counters: Counters) -> dict[str, float]:
    """Return how often limits could not be counted, where a server counts them."""
    return {"masthead_gateway_limits_failed_total": counters.failed} if isinstance(counters, RedisCounters) else {}


def _client(settings: Settings) -> UpstreamClient:
    if settings.gateway_client == "own":
        return Http1Client()
    try:
        from masthead.gateway.upstream.aiohttp_client import AiohttpClient  # noqa: PLC0415 - an optional extra
    except ImportError as error:
        raise SettingsError(
            "gateway_client is aiohttp, which is not installed: pip install 'masthead[aiohttp]'"
        ) from error
    return AiohttpClient()


def _counters(settings: Settings, clock: Clock, own: str) -> Counters:
    if settings.redis_url is not None:
        return RedisCounters(settings.redis_url.get_secret_value())
    return MemoryCounters(clock, settings.data_dir / "gateway" / f"limits-{own}.json")


def _cache(config: CacheConfig, router: PolicyRouter, own_calls: Callable[[], OwnCalls], clock: Clock) -> Cache:
    semantic = None
    if config.semantic is not None:
        from masthead.gateway.policy.semantic import Semantic  # noqa: PLC0415 - numpy: 10 MB, 0.06 s

        semantic = Semantic(
            config.semantic,
            most_bytes=config.most_bytes,
            plan_of=router.only,
            own_calls=own_calls,
            clock=clock,
        )
    return Cache(config, clock, may_use=router.may_use, way_of=router.way, semantic=semantic)


@dataclass(kw_only=True)
class GatewayAlone:
    """The gateway as a process of its own, ready to be served."""

    asgi: Alone
    service: GatewayService
    server: uvicorn.Server


class _Server(uvicorn.Server):
    """Says when it answers."""

    def __init__(self, config: uvicorn.Config, serving: Callable[[], None]) -> None:
        super().__init__(config)
        self._serving = serving

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer, and say so."""
        await super().startup(sockets)
        if self.started:
            self._serving()


@contextlib.contextmanager
def opened_alone(
    settings: Settings, *, worker: int = 0, workers: int = 1, serving: Callable[[], None] = lambda: None
) -> Generator[GatewayAlone]:
    """Open the gateway without the span store; what it records is spooled and shipped to the server.

    `serving` is called once calls are answered.

    Raises:
        StoreBusy: another gateway owns the spool.
        SettingsError: a setting or the configuration cannot be used.
    """
    clock = SystemClock()
    with contextlib.ExitStack() as stack:
        settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        database = Database.open(_control_url(settings))
        stack.callback(database.close)
        directory = Directory(database, clock, fresh_s=FRESH_S)
        stack.callback(directory.close)
        spools = spools_of(settings, worker, workers)
        for spool in spools:
            stack.callback(spool.close)
        identify = ByKey(
            directory.key,
            are_keys_required=are_keys_required(settings),
            is_loopback=is_loopback,
            note_failure=FailedAttempts(clock).note,
        )
        service = gateway_of(
            settings,
            spools[0],
            clock,
            identify,
            worker=worker,
            workers=workers,
            gauges=lambda: gauges_of(spools),
            documents=StoredDocuments(GatewayDocuments(database, clock), vault_of(settings, database, clock)),
            stand=_stand(settings, worker, workers),
            redaction_of=directory.redaction_of,
        )
        stack.callback(service.close)
        asgi = Alone(service, lambda: server.should_exit)
        server = _Server(_server_config(asgi, settings), serving)
        yield GatewayAlone(asgi=asgi, service=service, server=server)


def serve_alone(
    settings: Settings,
    listener: socket.socket,
    *,
    worker: int = 0,
    workers: int = 1,
    serving: Callable[[], None] = lambda: None,
) -> None:
    """Serve until told to end; calls under way are finished first. Calls `serving` once calls are answered.

    Raises:
        StoreBusy: another gateway owns the spool.
        SettingsError: a setting or the configuration cannot be used, or the server did not start.
    """
    reuse_blocks_of_a_body()
    share_one_arena()
    with opened_alone(settings, worker=worker, workers=workers, serving=serving) as gateway:
        collect_in_short_steps()
        gateway.server.run(sockets=[listener])
        if not gateway.server.started:
            raise SettingsError("the gateway did not begin to serve; the lines above say why")


def work() -> None:
    """Be one of several workers; run by `masthead gateway --workers`.

    It is given the listening socket, a pipe that breaks when its starter is gone, one into which it says `SERVING`, or
    why it cannot serve, its number and of how many.
    """
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    fd, lifeline, word, worker, workers = map(int, sys.argv[1:6])
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    threading.Thread(target=_end_with, args=(lifeline,), name="gateway-lifeline", daemon=True).start()

    def serving() -> None:
        os.write(word, SERVING)
        os.close(word)

    try:
        serve_alone(load(), socket.socket(fileno=fd), worker=worker, workers=workers, serving=serving)
    except KeyboardInterrupt:
        return
    except MastheadError as error:
        with contextlib.suppress(OSError):  # it served before, and has said so
            os.write(word, str(error).encode()[:_MOST_WORDS])
        sys.stderr.write(f"masthead: worker {worker}: {error}\n")
        sys.exit(1)


def _end_with(lifeline: int) -> None:
    """End this process as its starter would, when that is gone: else it would keep port and spool from the next one."""
    os.read(lifeline, 1)
    os.kill(os.getpid(), signal.SIGTERM)


def _server_config(asgi: Alone, settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        asgi,
        http=PatientProtocol,
        ws="none",
        log_level=settings.log_level,
        access_log=False,
        lifespan="on",
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=settings.gateway_drain_s,
        timeout_keep_alive=75,
    )


def _stand(settings: Settings, worker: int, workers: int) -> Stand:
    """Return where this worker tells of itself; the first one clears away what dead ones left."""
    folder = settings.data_dir / "gateway"
    if worker == 0:
        clear_away(folder, keep=workers)
    return Stand(f"worker {worker}", folder, worker, os.getppid() if workers > 1 else None)


def _control_url(settings: Settings) -> str:
    if settings.database_url is not None:
        return settings.database_url.get_secret_value()
    return sqlite_url(settings.data_dir / "control.sqlite")
