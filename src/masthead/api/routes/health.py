"""Whether the process answers, whether it can take and show runs, and how much it holds."""

from collections.abc import Callable

from fastapi import APIRouter, Response

from masthead import __version__
from masthead.api.routes.taken import Operator, With
from masthead.api.schema import health as h
from masthead.model.errors import MastheadError

router = APIRouter(tags=["health"])
under = APIRouter(tags=["health"])


@router.get("/health")
def get_health() -> h.Health:
    """Answer, which shows that the process lives."""
    return h.Health(status="ok", version=__version__)


@router.get("/ready", responses={503: {"model": h.Readiness, "description": "Not ready; the parts say why."}})
def get_readiness(services: With, response: Response) -> h.Readiness:
    """Say whether the stores and the door can be used; 503 where one cannot."""
    checks = {"spans": services.store.ping, "control": services.database.ping, "door": services.check_door}
    parts = {name: _state(check) for name, check in checks.items()}
    is_ready = all(state == "ok" for state in parts.values())
    response.status_code = 200 if is_ready else 503
    return h.Readiness(is_ready=is_ready, parts=parts)


@under.get("/status")
def get_status(services: With, _: Operator) -> h.Status:
    """Show versions, what came in since the start, and the sizes of the tables."""
    return h.Status(
        version=__version__,
        span_store=services.store.version(),
        control=services.database.version(),
        door=h.Door.of(services.door_counters()),
        tables=[h.Table.of(size) for size in services.store.sizes()],
    )


def _state(check: Callable[[], None]) -> str:
    try:
        check()
    except MastheadError as error:
        return type(error).__name__
    return "ok"
