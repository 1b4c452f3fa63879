"""A vendor of any dialect behind real HTTP, which gives the answer of `wires` to whatever it is asked."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from masthead.providers.dialects import Dialect
from masthead.testing import wires
from masthead.testing.raw_upstream import Peer


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]


@dataclass
class WireVendor:
    """Speaks one dialect, streamed where it is asked to; keeps what was asked."""

    dialect: Dialect
    model: str = "upstream-1"
    """What it says that its model is called."""
    calls: Sequence[wires.Calls] = (wires.CALLS,)
    """The tools that it calls at each request; the last ones at all that follow."""
    requests: list[Asked] = field(default_factory=list[Asked])

    def talk(self, peer: Peer) -> None:
        """Answer the requests of one connection."""
        while request := peer.request():
            head, _, body = request.partition(b"\r\n\r\n")
            first, *lines = head.decode().split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            asked = Asked(path=first.split(" ")[1], headers=headers, body=json.loads(body))
            calls = self.calls[min(len(self.requests), len(self.calls) - 1)]
            self.requests.append(asked)
            if not (asked.body.get("stream") or "stream" in asked.path):
                peer.answer(self._named(json.dumps(wires.answer(self.dialect, calls)).encode()))
                continue
            peer.begin_stream()
            data = self._named(wires.stream(self.dialect, calls))
            for at in range(0, len(data), 97):
                peer.chunk(data[at : at + 97])
            peer.chunk(b"")

    def _named(self, data: bytes) -> bytes:
        return data.replace(b"upstream-1", self.model.encode())
