"""How much of each limit is used at present, and until when it counts: for people who look."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import NamedTuple

from masthead.gateway.config_routes import LimitConfig
from masthead.gateway.policy.counters import NANO_USD, Used
from masthead.gateway.policy.limits import slots_of
from masthead.model.ids import ProjectId


class LimitUse(NamedTuple):
    """What one subject has used of one limit in the present window."""

    limit: LimitConfig
    subject: str | None
    """None where nobody has used anything of it yet."""
    used: Used
    until_ns: int | None

    @property
    def share(self) -> float:
        """How much of it is used up, of whatever it bounds the most of: 1 is all."""
        limit, used = self.limit, self.used
        parts = [
            used.requests / limit.requests if limit.requests else 0.0,
            used.tokens / limit.tokens if limit.tokens else 0.0,
            float(Decimal(used.nano_usd) / NANO_USD / limit.cost_usd) if limit.cost_usd else 0.0,
        ]
        return max(parts)


def uses(
    project: ProjectId,
    limits: Sequence[LimitConfig],
    counted: Iterable[Mapping[str, Used]],
    now_ns: int,
    *,
    of_keys: Mapping[str, Sequence[LimitConfig]] = MappingProxyType({}),
) -> list[LimitUse]:
    """Return every limit with what is used of it, the fullest first; keys' own limits are given by the key's id.

    `counted` has one mapping for each process that counts by itself, by slot: of a subject that several of them count,
    the one that has used most is told, because each holds it to the limit by itself.
    """
    found: list[LimitUse] = []
    slots: dict[str, Used] = {}
    for one in counted:
        for name, used in one.items():
            if name not in slots or _amount(used) > _amount(slots[name]):
                slots[name] = used
    for limit in limits:
        prefix, until_ns = slots_of(project, limit, now_ns)
        own = [
            LimitUse(limit, name.removeprefix(prefix), used, until_ns)
            for name, used in slots.items()
            if name.startswith(prefix)
        ]
        found += own or [LimitUse(limit, None, Used(), until_ns)]
    for key_id, own_limits in of_keys.items():
        for limit in own_limits:
            prefix, until_ns = slots_of(project, limit, now_ns)
            found.append(LimitUse(limit, key_id, slots.get(prefix + key_id, Used()), until_ns))
    return sorted(found, key=lambda one: -one.share)


def _amount(used: Used) -> tuple[int, int, int]:
    return used.nano_usd, used.tokens, used.requests
