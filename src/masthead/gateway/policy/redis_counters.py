"""What was used of limits, counted in Redis or Valkey: shared by all processes that are given the same address.

Each slot is a hash of whole numbers that the server adds to, so no two processes can count past each other. It expires
a minute after its window.
"""

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Any, Final, cast

from masthead.gateway.policy.counters import NANO_USD, Slot, Used
from masthead.model.errors import SettingsError

_PATIENCE_S: Final = 1.0
_PAUSE_S: Final = 1.0
_CONNECTIONS: Final = 16
_SLACK_S: Final = 60
_RUN_KEPT_S: Final = 30 * 86_400
"""How long the use of a run is kept that nobody goes on with: there is no end of runs."""
_PREFIX: Final = "masthead:limit:"
_FIELDS: Final = ("requests", "tokens", "nano_usd")
_MOST_SHOWN: Final = 2_000


class RedisCounters:
    """Counts in a server. Raises `ConnectionError` or `TimeoutError` where it does not answer."""

    def __init__(self, url: str) -> None:
        """Connect at the first use.

        Raises:
            SettingsError: the client library is not installed, or the address is none.
        """
        try:
            from redis.asyncio import BlockingConnectionPool, Redis  # noqa: PLC0415 - optional, and 0.1 s
            from redis.asyncio.retry import Retry  # noqa: PLC0415 - as above
            from redis.backoff import NoBackoff  # noqa: PLC0415 - as above
            from redis.exceptions import ConnectionError as GoneError  # noqa: PLC0415 - as above
        except ImportError as error:
            raise SettingsError(
                "redis_url is set, but its client is not installed: pip install masthead[redis]"
            ) from error
        try:
            pool = BlockingConnectionPool.from_url(  # pyright: ignore[reportUnknownMemberType] - typed in part
                url,
                max_connections=_CONNECTIONS,
                timeout=_PATIENCE_S,
                socket_timeout=_PATIENCE_S,
                socket_connect_timeout=_PATIENCE_S,
                retry=Retry(NoBackoff(), 1, (GoneError,)),  # once: a kept connection may be to a server that ended
            )
            self._redis = Redis.from_pool(pool)
            self._paused_until_s = 0.0
            self.failed = 0
            """How often the server could not be asked, since the start."""
        except ValueError as error:
            raise SettingsError(f"redis_url is no address of a Redis server: {error}") from error

    async def take(self, slots: Sequence[Slot]) -> list[Used]:
        """Count one request in each slot, and return what is used of each."""
        found = await self._all(slots, requests=1, tokens=0, nano_usd=0)
        return [
            Used(requests=numbers[0], tokens=numbers[1], nano_usd=numbers[2], end_ns=slot.end_ns)
            for slot, numbers in zip(slots, found, strict=True)
        ]

    async def add(self, slots: Sequence[Slot], *, requests: int = 0, tokens: int = 0, nano_usd: int = 0) -> None:
        """Count what a call has used."""
        await self._all(slots, requests=requests, tokens=tokens, nano_usd=nano_usd)

    async def used(self, prefix: str) -> dict[str, Used]:
        """Return what is used of the slots whose names begin so."""
        from redis.exceptions import RedisError  # noqa: PLC0415 - optional

        found: dict[str, Used] = {}
        try:
            async for name in self._redis.scan_iter(match=f"{_PREFIX}{prefix}*", count=1000):  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] - typed in part
                numbers = await cast("Awaitable[list[bytes | None]]", self._redis.hmget(name, *_FIELDS))  # pyright: ignore[reportUnknownArgumentType] - as above
                slot = cast("bytes", name).decode().removeprefix(_PREFIX)
                found[slot] = Used(*(int(number or 0) for number in numbers))
                if len(found) >= _MOST_SHOWN:
                    break
        except RedisError as error:
            raise ConnectionError(f"the Redis server of limits does not answer: {error}") from error
        return found

    def close(self) -> None:
        """Do nothing: what was counted is in the server, and `aclose` closes the connections where they belong."""

    async def aclose(self) -> None:
        """Close the connections, in the event loop that used them."""
        await self._redis.aclose()

    async def _all(self, slots: Sequence[Slot], *, requests: int, tokens: int, nano_usd: int) -> list[list[int]]:
        from redis.exceptions import RedisError  # noqa: PLC0415 - optional

        begun_s = asyncio.get_running_loop().time()
        if begun_s < self._paused_until_s:
            self.failed += 1
            raise ConnectionError("the Redis server of limits hung a moment ago; it is asked again soon")
        try:
            async with self._redis.pipeline(transaction=True) as pipe:
                for slot in slots:
                    name = _PREFIX + slot.name
                    pipe.hincrby(name, "requests", requests)
                    pipe.hincrby(name, "tokens", tokens)
                    pipe.hincrby(name, "nano_usd", nano_usd)
                    if slot.end_ns is None and slot.name.split("\0", 2)[1:2] == ["run"]:
                        pipe.expire(name, _RUN_KEPT_S)
                    elif slot.end_ns is None:
                        pipe.persist(name)
                    else:
                        pipe.expireat(name, slot.end_ns // NANO_USD + _SLACK_S)
                answers = await cast("Awaitable[list[Any]]", pipe.execute())
        except RedisError as error:
            self.failed += 1
            now_s = asyncio.get_running_loop().time()
            if now_s - begun_s >= _PATIENCE_S / 2:
                self._paused_until_s = now_s + _PAUSE_S  # it hangs: not every call is to wait for it
            raise ConnectionError(f"the Redis server of limits does not answer: {error}") from error
        return [[int(number) for number in answers[at : at + 3]] for at in range(0, len(answers), 4)]
