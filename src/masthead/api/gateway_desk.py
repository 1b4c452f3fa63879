"""A project's gateway configuration over HTTP: what holds and why, what a document would change, and its revisions.

A document is checked against the file that it stands over, by building from it what would serve; only then it is kept.
"""

import json
from collections.abc import Mapping
from typing import Any, Final, NamedTuple, cast

from masthead.gateway.config import ConfigRefused, Fault, GatewayConfig, address_faults, stored_name
from masthead.gateway.differences import Difference, between_documents, dumped, hidden
from masthead.gateway.merging import Effective, secrets_named
from masthead.gateway.seams import Refused
from masthead.gateway.service import GatewayService
from masthead.govern.gateway_documents import GatewayDocuments
from masthead.govern.vault import Vault
from masthead.model.access import Caller
from masthead.model.errors import InvalidInput, SettingsError, TooLarge
from masthead.model.stored import GatewayRevision, SecretId

_MOST_BYTES: Final = 256 * 1024
Given = Mapping[str, Any]
"""A document, as JSON has it."""


class Shown(NamedTuple):
    """What holds for a project."""

    latest: GatewayRevision | None
    document: Given
    file: Given
    effective: Given
    faults: tuple[Fault, ...]
    """Why what holds is not the latest of what was given."""
    warnings: tuple[Fault, ...]


class Checked(NamedTuple):
    """What a document would come to. With faults it cannot be taken."""

    faults: tuple[Fault, ...]
    warnings: tuple[Fault, ...]
    changes: tuple[Difference, ...]


class Taken(NamedTuple):
    """A new revision, and what it changed."""

    revision: int
    changes: tuple[Difference, ...]
    warnings: tuple[Fault, ...]


class Entry(NamedTuple):
    """A revision with what it changed; None where the one before is no longer kept."""

    revision: GatewayRevision
    changes: tuple[Difference, ...] | None


class GatewayDesk:
    """Shows and changes the configuration of the caller's project."""

    def __init__(self, documents: GatewayDocuments, vault: Vault, gateway: GatewayService) -> None:
        self._documents = documents
        self._vault = vault
        self._gateway = gateway

    def shown(self, caller: Caller) -> Shown:
        """Return what holds, from where, and what could not be taken."""
        tenants = self._gateway.tenants
        tenants.look()
        latest = self._documents.latest(caller.project_id)
        document = _read(latest)
        warnings: tuple[Fault, ...] = ()
        try:
            serving = tenants.loaded(caller.project_id)
        except Refused:
            holding = None
        else:
            holding = serving.config
            warnings = self._warnings(caller, Effective(serving.config, serving.warnings))
        base = tenants.base
        return Shown(
            latest=latest,
            document=document,
            file=_shown(base, dumped(base)),
            effective={} if holding is None else _shown(base, holding.told()),
            faults=tenants.faults_of(caller.project_id),
            warnings=warnings,
        )

    def check(self, caller: Caller, given: Given) -> Checked:
        """Say what a document would come to, and change nothing."""
        changes = tuple(between_documents(_read(self._documents.latest(caller.project_id)), given))
        try:
            _written(given)
            found = self._gateway.tenants.trial(caller.project_id, given)
        except ConfigRefused as error:
            return Checked(error.faults, (), changes)
        except (SettingsError, InvalidInput) as error:
            return Checked((Fault("document", str(error)),), (), changes)
        return Checked((), self._warnings(caller, found), changes)

    def put(self, caller: Caller, given: Given, *, revision: int, restores: int | None = None) -> Taken:
        """Make a document hold, from the next call on.

        Raises:
            InvalidInput: it cannot be taken; says every fault.
            Conflict: the present revision is another one.
        """
        text = _written(given)
        checked = self.check(caller, given)
        if checked.faults:
            raise InvalidInput("; ".join(map(str, checked.faults)), where="document")
        made = self._documents.put(caller, text, revision=revision, restores=restores)
        self._gateway.tenants.look()
        return Taken(made.revision, checked.changes, checked.warnings)

    def restore(self, caller: Caller, wanted: int, *, revision: int) -> Taken:
        """Make an earlier revision hold again, as a new one.

        Raises:
            NotFound: there is none of that number.
            InvalidInput, Conflict: as `put`.
        """
        document = _read(self._documents.one(caller, wanted))
        return self.put(caller, document, revision=revision, restores=wanted)

    def revision(self, caller: Caller, wanted: int) -> tuple[GatewayRevision, Given]:
        """Return an earlier revision and its document; raise `NotFound` where there is none."""
        found = self._documents.one(caller, wanted)
        return found, _read(found)

    def history(self, caller: Caller, *, limit: int, cursor: str | None) -> tuple[list[Entry], str | None]:
        """Return revisions with what each changed, the latest first."""
        page = self._documents.history(caller, limit=limit, cursor=cursor)
        entries = list[Entry]()
        for at, one in enumerate(page.items[:limit]):
            before = page.items[at + 1] if at + 1 < len(page.items) else None
            is_known = before is not None or one.revision == 1
            changes = tuple(between_documents(_read(before), _read(one))) if is_known else None
            entries.append(Entry(one, changes))
        return entries, page.cursor

    def _warnings(self, caller: Caller, found: Effective) -> tuple[Fault, ...]:
        told = {one.where.rpartition(".")[0] for one in found.warnings}
        addresses = (one for one in address_faults(found.config) if one.where.rpartition(".")[0] not in told)
        warnings = [*found.warnings, *addresses]
        for where, name in secrets_named(found.config):
            fault = self._vault.fault_of(SecretId(caller.project_id, name))
            if fault is not None:
                warnings.append(Fault(where, fault))
        return tuple(warnings)


def _written(given: Given) -> str:
    """Return a document as it is kept.

    Raises:
        TooLarge: it is too long.
        InvalidInput: it holds numbers that JSON does not have, or is nested too deeply.
    """
    try:
        text = json.dumps(given, allow_nan=False)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"it is no JSON that can be kept: {error}", where="document") from None
    if len(text) > _MOST_BYTES:
        raise TooLarge(f"{len(text)} bytes, of {_MOST_BYTES} at most", where="document")
    return text


def _read(revision: GatewayRevision | None) -> Given:
    return {} if revision is None else json.loads(revision.document)


def _shown(base: GatewayConfig, config: Mapping[str, Any]) -> Given:
    """Return a configuration as a project's people may see it: of the file's secrets only what kind they are."""
    shown = cast("dict[str, Any]", hidden(dict(config)))
    for name, connection in shown.get("connections", {}).items():
        secret = connection.get("secret")
        if name in base.connections and secret is not None and stored_name(secret) is None:
            connection["secret"] = f"{secret.partition(':')[0]}:…"
    return shown
