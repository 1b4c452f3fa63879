"""The composition root of the gateway alone: what `masthead gateway` runs, and what the server mounts of it.

Imported by the process that serves models and nothing else, so it must stay light: no span store, no FastAPI.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from masthead.clock import Clock
from masthead.gateway.call import Identity
from masthead.gateway.config import GatewayConfig
from masthead.gateway.defaults import ConfiguredRouter, OpenAdmission
from masthead.gateway.identity import Remembered
from masthead.gateway.seams import Identify, Recorder, Seams
from masthead.gateway.secret import Secrets
from masthead.gateway.service import GatewayService
from masthead.gateway.upstream.pool import Http1Client
from masthead.model.ports import Sink
from masthead.settings import Settings, environment


def gateway_of(
    settings: Settings, sink: Sink, clock: Clock, identify: Callable[[Mapping[str, Any]], Awaitable[Identity]]
) -> GatewayService:
    """Return the gateway, ready to be mounted. What it records goes to the sink.

    Raises:
        SettingsError: its configuration cannot be taken.
    """
    secrets = Secrets(environment())

    def make_seams(config: GatewayConfig, identify: Identify, recorder: Recorder) -> Seams:
        return Seams(
            identify=identify, admission=OpenAdmission(), router=ConfiguredRouter(config, secrets), recorder=recorder
        )

    return GatewayService(
        file=settings.gateway_file or settings.data_dir / "gateway.toml",
        make_seams=make_seams,
        identify=Remembered(identify, clock),
        sink=sink,
        client=Http1Client(),
        clock=clock,
    )
