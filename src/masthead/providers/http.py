"""One POST to a model's endpoint: timeouts, a few retries with jitter, and honest errors."""

import asyncio
import random
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

import httpx
import msgspec

from masthead.model.errors import Overloaded, UpstreamError

_TRIES: Final = 4
_FIRST_WAIT_S: Final = 0.5
_MOST_WAIT_S: Final = 20.0
_RETRIED: Final = frozenset({408, 409, 429, 500, 502, 503, 504, 529})
TIMEOUT: Final = httpx.Timeout(120.0, connect=10.0)


async def post_json(
    client: httpx.AsyncClient, url: str, body: Mapping[str, Any], headers: Mapping[str, str]
) -> dict[str, Any]:
    """Return the decoded answer; wait and try again where the endpoint asks for it.

    Raises:
        Overloaded: the endpoint is still busy after the last try.
        UpstreamError: it cannot be reached, refused the request, or answered with no JSON object.
    """
    wait_s = _FIRST_WAIT_S
    for left in reversed(range(_TRIES)):
        try:
            response = await client.post(url, json=body, headers=headers)
        except httpx.HTTPError as error:
            if left == 0:
                raise UpstreamError(f"{url} cannot be reached: {error or type(error).__name__}") from error
        else:
            if response.status_code not in _RETRIED or left == 0:
                return _decoded(url, response)
            wait_s = max(wait_s, _asked_wait_s(response))
        # Jitter spreads callers that were turned away together; nothing secret depends on it.
        await asyncio.sleep(min(wait_s, _MOST_WAIT_S) * random.uniform(0.5, 1.0))  # noqa: S311
        wait_s *= 2
    raise UpstreamError(f"{url} did not answer")


def _asked_wait_s(response: httpx.Response) -> float:
    try:
        return float(response.headers.get("Retry-After", 0))
    except ValueError:
        return 0.0


def _decoded(url: str, response: httpx.Response) -> dict[str, Any]:
    if response.status_code in {429, 503, 529}:
        raise Overloaded(f"{url} is busy ({response.status_code}) after {_TRIES} tries", retry_after_s=30)
    if not response.is_success:
        raise UpstreamError(f"{url} refused the request ({response.status_code}): {response.text[:500]}")
    try:
        return msgspec.json.decode(response.content, type=dict[str, Any])
    except msgspec.MsgspecError as error:
        raise UpstreamError(f"{url} answered with no JSON object: {response.text[:200]!r}") from error


async def post_events(
    client: httpx.AsyncClient, url: str, body: Mapping[str, Any], headers: Mapping[str, str]
) -> AsyncIterator[dict[str, Any]]:
    """Yield the JSON of each server-sent event of a streamed answer; stop at `[DONE]`.

    Raises:
        UpstreamError: it cannot be reached, refused the request, or broke off.
    """
    try:
        async with client.stream("POST", url, json=body, headers=headers) as response:
            if not response.is_success:
                await response.aread()
                raise UpstreamError(f"{url} refused the request ({response.status_code}): {response.text[:500]}")
            async for line in response.aiter_lines():
                data = line.removeprefix("data:").strip()
                if not line.startswith("data:") or data == "[DONE]":
                    continue
                yield msgspec.json.decode(data, type=dict[str, Any])
    except (httpx.HTTPError, msgspec.MsgspecError) as error:
        raise UpstreamError(f"{url} broke off: {error}") from error
