"""The spools of one worker: its own, and as the first worker those that nobody else ships any more."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from masthead.gateway.shipping import Server, Shipper
from masthead.gateway.spans import Line, bodies_of
from masthead.gateway.spool import Spool
from masthead.model.errors import StoreBusy
from masthead.settings import Settings

_LOG = logging.getLogger(__name__)
_SPOOLS: Final = "gateway/spool-"


def spools_of(settings: Settings, worker: int, workers: int) -> list[Spool[Line]]:
    """Open this worker's spool, and, as the first worker, those that earlier and more workers left behind.

    Raises:
        StoreBusy: another process owns this worker's.
    """
    folders = [settings.data_dir / f"{_SPOOLS}{worker}"]
    if worker == 0:
        mine = {settings.data_dir / f"{_SPOOLS}{at}" for at in range(workers)}
        folders += sorted(set(settings.data_dir.glob(f"{_SPOOLS}*")) - mine)
    spools: list[Spool[Line]] = []
    for folder in folders:
        try:
            spools.append(_spool(settings, folder))
        except StoreBusy:
            if not spools:
                raise
            _LOG.warning("the spool %s belongs to another process, which ships it", folder)
    return spools


def _spool(settings: Settings, folder: Path) -> Spool[Line]:
    return Spool(folder, bodies_of, Shipper(lambda: _server(settings)), max_bytes=settings.gateway_spool_bytes)


def _server(settings: Settings) -> Server | None:
    """Return the server that takes the records: the configured one, else the one that owns the data folder."""
    if settings.gateway_records_to is not None:
        key = settings.gateway_records_key
        return Server(settings.gateway_records_to, None if key is None else key.get_secret_value())
    try:
        url, _, token = msgspec.json.decode((settings.data_dir / "server.json").read_bytes(), type=tuple[str, int, str])
    except (OSError, msgspec.MsgspecError):
        return None
    return Server(url, token)


def gauges_of(spools: Sequence[Spool[Line]]) -> dict[str, float]:
    """Return what waits in the spools and what left them, as metrics."""
    counters = [spool.counters() for spool in spools]
    return {
        "masthead_gateway_spool_bodies": sum(one.pending for one in counters),
        "masthead_gateway_spool_bytes": sum(one.bytes for one in counters),
        "masthead_gateway_spool_shipped_total": sum(one.shipped for one in counters),
        "masthead_gateway_spool_set_aside_total": sum(one.set_aside for one in counters),
    }
