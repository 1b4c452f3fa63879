"""What handlers are given. `wiring.py` builds it; tests build it with doubles."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr
from starlette.types import ASGIApp

from masthead.api.conversations import Conversations
from masthead.api.gateway_desk import GatewayDesk
from masthead.api.jobs import Jobs
from masthead.clock import Clock
from masthead.gateway.service import GatewayService
from masthead.govern.attempts import FailedAttempts
from masthead.govern.directory import Directory
from masthead.govern.erasure import Eraser
from masthead.govern.keyring import Keyring
from masthead.govern.projects import Registry
from masthead.govern.shelf import Shelf
from masthead.govern.vault import Vault
from masthead.ingest.door import DoorCounters
from masthead.model.ids import ProjectId
from masthead.model.importing import ImportReport
from masthead.providers.catalogue import Catalogue
from masthead.report.brief import Briefs
from masthead.settings import Settings
from masthead.store.control.database import Database
from masthead.store.traces.port import SpanStore

ImportFile = Callable[[ProjectId, Path, str | None], ImportReport]
"""Brings a file's runs in through the door: project, file, and the format where the caller names it. Blocks."""


@dataclass(frozen=True, kw_only=True)
class Services:
    """Everything that a request may need. `local_token` is what the data folder's owner proves itself with."""

    settings: Settings
    clock: Clock
    store: SpanStore
    database: Database
    directory: Directory
    keyring: Keyring
    registry: Registry
    eraser: Eraser
    shelf: Shelf
    briefs: Briefs
    attempts: FailedAttempts
    conversations: Conversations
    import_file: ImportFile
    jobs: Jobs
    models: Catalogue
    """What models can do and cost."""
    check_door: Callable[[], None]
    """Raises the reason where nothing can be taken in."""
    door_counters: Callable[[], DoorCounters]
    otlp: ASGIApp
    """Answers `/v1/traces`."""
    gateway: GatewayService
    """Answers everything else under `/v1/`, and `/metrics`."""
    gateway_documents: GatewayDesk
    """Projects' own gateway configurations: checked, changed and shown."""
    vault: Vault
    """Secrets of connections."""
    web: ASGIApp | None
    """Serves the pages; None where they were not built."""
    local_token: SecretStr | None
