"""The application: the OTLP door and the API in front, the pages behind."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

from anyio import to_thread
from fastapi import APIRouter, FastAPI
from starlette.datastructures import Headers
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from masthead import __version__
from masthead.api import problems
from masthead.api.description import describe
from masthead.api.headers import SecurityHeaders
from masthead.api.routes import (
    agreement,
    audit,
    beside,
    diagnosis,
    export,
    gateway_config,
    gateway_secrets,
    gateway_setup,
    gateway_watch,
    health,
    importing,
    jobs,
    keys,
    models,
    projects,
    report,
    runs,
    scores,
    search,
    session,
    shelf,
    trying,
)
from masthead.api.services import Services

PREFIX: Final = "/api/v1"
WORKERS: Final = 12
"""How many requests may be in the stores at once; each worker thread has connections of its own."""
_TRACES: Final = frozenset({"/v1/traces", "/api/public/otel/v1/traces"})
"""Where OTLP comes in; the second is where Langfuse's SDKs send it, whatever their base URL is."""
_JSON_BYTES: Final = 16 * 1024 * 1024


def build_app(services: Services) -> ASGIApp:
    """Return the whole application, served under `path_prefix` whether or not the proxy in front strips it."""
    front = Front(
        api=GZipMiddleware(build_api(services), minimum_size=1024, compresslevel=5),
        otlp=services.otlp,
        gateway=services.gateway,
        web=services.web,
        path_prefix=services.settings.path_prefix.rstrip("/"),
    )
    return SecurityHeaders(front)


def build_api(services: Services | None) -> FastAPI:
    """Return the API alone; without services it can only describe itself."""
    app = FastAPI(
        title="Masthead",
        version=__version__,
        description="Runs of multi-agent systems: recorded, read, searched and judged.",
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
        max_body_size=_JSON_BYTES,
    )
    app.state.services = services
    under = APIRouter(prefix=PREFIX)
    for part in (
        runs,
        beside,
        diagnosis,
        report,
        agreement,
        search,
        scores,
        export,
        importing,
        jobs,
        projects,
        keys,
        audit,
        session,
        trying,
        gateway_setup,
        gateway_config,
        gateway_secrets,
    ):
        under.include_router(part.router)
    under.include_router(shelf.router)
    under.include_router(models.router)
    under.include_router(gateway_watch.router)
    under.include_router(health.under)
    app.include_router(under)
    app.include_router(health.router)
    problems.install(app)
    describe(app)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncGenerator[None]:
    to_thread.current_default_thread_limiter().total_tokens = WORKERS
    await to_thread.run_sync(importing.remove_leftovers, app.state.services.settings.data_dir)
    await app.state.services.gateway.connect()
    yield
    await app.state.services.gateway.disconnect()


class Front:
    """Sends each request to the part that answers it."""

    def __init__(self, *, api: ASGIApp, otlp: ASGIApp, gateway: ASGIApp, web: ASGIApp | None, path_prefix: str) -> None:
        self._api = api
        self._otlp = otlp
        self._gateway = gateway
        self._web = web or api
        self._path_prefix = path_prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] == "lifespan":
            await self._api(scope, receive, send)
            return
        scope = self._without_prefix(scope)
        part = self._part(scope["path"])
        if part is self._api and scope["path"] != f"{PREFIX}/import" and _announced_bytes(scope) > _JSON_BYTES:
            part = problems.problem(413, "too-large", f"the body is over {_JSON_BYTES} bytes; send it in parts")
        await part(scope, receive, send)

    def _part(self, path: str) -> ASGIApp:
        if path in _TRACES:
            return self._otlp
        if path.startswith("/v1/") or path == "/metrics":
            return self._gateway
        is_api = path.startswith("/api/") or path in {"/api", "/health", "/ready", "/openapi.json"}
        return self._api if is_api else self._web

    def _without_prefix(self, scope: Scope) -> Scope:
        prefix, path = self._path_prefix, scope["path"]
        if not prefix or not (path == prefix or path.startswith(prefix + "/")):
            return scope
        return {**scope, "path": path[len(prefix) :] or "/", "raw_path": None, "root_path": ""}


def _announced_bytes(scope: Scope) -> int:
    announced = Headers(scope=scope).get("content-length", "")
    return int(announced) if announced.isdecimal() else 0
