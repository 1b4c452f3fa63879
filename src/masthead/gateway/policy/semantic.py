"""The semantic part of the cache: questions whose embeddings lie close together, all else being equal.

The embedding is asked of a connection of the project's, as a call of the gateway's own: it is recorded as a span
beneath the call that it is made for, with its own tokens and cost. One that fails, or takes long, never fails that
call. The first question of its kind is embedded after it was answered, so that it does not wait.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

import msgspec
import numpy as np

from masthead.clock import Clock
from masthead.gateway.call import Call, Exchange, Members
from masthead.gateway.config_routes import SemanticConfig
from masthead.gateway.endpoints import EMBEDDINGS
from masthead.gateway.joining import new_id
from masthead.gateway.own_calls import OwnCalls
from masthead.gateway.policy.question import Question
from masthead.gateway.seams import Plan
from masthead.model.ids import SpanId

if TYPE_CHECKING:
    from masthead.gateway.policy.cache import Kept

_MOST_TOGETHER: Final = 512
"""Questions of one kind that are compared; the latest count."""
_MOST_WAITING: Final = 64
"""Embeddings that are made at once of questions already answered; beyond that a question is not kept."""
_OVERHEAD_BYTES: Final = 512


Vector = np.ndarray[tuple[int], np.dtype[np.float32]]


class Found(NamedTuple):
    """A kept answer to a question that means the same."""

    kept: "Kept"
    similarity: float


class _Entry(NamedTuple):
    vector: Vector
    """Of length one."""
    marks: tuple[str, ...]
    kept: "Kept"

    @property
    def size_bytes(self) -> int:
        return self.vector.nbytes + len(self.kept.body) + _OVERHEAD_BYTES


class Semantic:
    """Kept questions by their scope. Belongs to one event loop."""

    def __init__(
        self,
        config: SemanticConfig,
        *,
        most_bytes: int,
        plan_of: Callable[[str, str], Plan],
        own_calls: Callable[[], OwnCalls],
        clock: Clock,
    ) -> None:
        self._config = config
        self._most_bytes = most_bytes
        self._plan_of = plan_of
        self._own_calls = own_calls
        self._clock = clock
        self._entries: OrderedDict[bytes, deque[_Entry]] = OrderedDict()
        self._bytes = 0
        self._vectors: dict[SpanId, Vector] = {}
        """Embeddings of questions under way that had no kept answer."""
        self._waiting = 0

    async def find(self, exchange: Exchange, question: Question, is_fresh: "Callable[[Kept], bool]") -> Found | None:
        """Return the closest kept answer over the threshold; None where there is none, or no embedding is to be had."""
        entries = self._entries.get(question.scope)
        if not entries:
            return None
        vector = await self._embedding(exchange, question)
        if vector is None:
            return None
        self._vectors[exchange.span_id] = vector
        best: Found | None = None
        for entry in tuple(entries):
            if entry.marks != question.marks or len(entry.vector) != len(vector) or not is_fresh(entry.kept):
                continue
            similarity = float(entry.vector @ vector)
            if similarity >= self._config.threshold and (best is None or similarity > best.similarity):
                best = Found(entry.kept, similarity)
        if best is not None:
            self._vectors.pop(exchange.span_id, None)
        return best

    def keep(self, exchange: Exchange, question: Question, kept: "Kept") -> None:
        """Keep an answer under what its question means."""
        vector = self._vectors.pop(exchange.span_id, None)
        if vector is not None:
            self._put(question, _Entry(vector, question.marks, kept))
        elif self._waiting < _MOST_WAITING and "masthead.gateway.cache_failed" not in exchange.attributes:
            self._waiting += 1
            own, plan = self._asked(exchange, question), self._plan()
            self._own_calls().begin(own, plan, (), lambda: self._kept_late(own, question, kept))

    def forget(self, exchange: Exchange) -> None:
        """Let go of the embedding of a call whose answer is not kept."""
        self._vectors.pop(exchange.span_id, None)

    def _kept_late(self, own: Exchange, question: Question, kept: "Kept") -> None:
        self._waiting -= 1
        vector = _vector_in(own)
        if vector is not None:
            self._put(question, _Entry(vector, question.marks, kept))

    def _put(self, question: Question, entry: _Entry) -> None:
        entries = self._entries.get(question.scope)
        if entries is None:
            entries = self._entries[question.scope] = deque()
        entries.append(entry)
        self._bytes += entry.size_bytes
        self._entries.move_to_end(question.scope)
        if len(entries) > _MOST_TOGETHER:
            self._bytes -= entries.popleft().size_bytes
        while self._bytes > self._most_bytes and self._entries:
            scope, oldest = next(iter(self._entries.items()))
            self._bytes -= oldest.popleft().size_bytes
            if not oldest:
                del self._entries[scope]

    async def _embedding(self, exchange: Exchange, question: Question) -> Vector | None:
        own = self._asked(exchange, question)
        try:
            async with asyncio.timeout(self._config.wait_s):
                await self._own_calls().make(own, self._plan())
        except TimeoutError:
            own.error = f"no embedding within {self._config.wait_s:g} s"
        vector = _vector_in(own)
        if vector is None:
            exchange.attributes["masthead.gateway.cache_failed"] = own.error or "the answer holds no embedding"
        return vector

    def _plan(self) -> Plan:
        return self._plan_of(self._config.connection, self._config.model)

    def _asked(self, exchange: Exchange, question: Question) -> Exchange:
        """Return the call that asks for a question's embedding."""
        body: Mapping[str, Any] = {"model": self._config.model, "input": question.text, "encoding_format": "float"}
        data = msgspec.json.encode(body)
        call = Call(
            identity=exchange.call.identity,
            endpoint=EMBEDDINGS,
            model=self._config.model,
            headers={},
            members=msgspec.json.decode(data, type=Members),
            body=data,
        )
        return Exchange(
            call=call,
            start_ns=self._clock.now_ns(),
            trace_id=exchange.trace_id,
            span_id=SpanId(new_id(64)),
            parent_span_id=exchange.span_id,
            is_joined=True,
            recording=exchange.recording,
            veil=exchange.veil,
            purpose="cache",
            attributes={"masthead.gateway.purpose": "cache"},
        )


def _vector_in(own: Exchange) -> Vector | None:
    """Return the embedding that was answered, of length one; None where none was."""
    if own.status != 200:
        return None
    try:
        told = msgspec.json.decode(b"".join(own.answered))
        vector = np.asarray(cast("Sequence[float]", told["data"][0]["embedding"]), dtype=np.float32)
    except (msgspec.DecodeError, UnicodeDecodeError, KeyError, IndexError, TypeError, ValueError, OverflowError):
        return None
    length = float(np.linalg.norm(vector)) if vector.ndim == 1 else 0.0
    return cast("Vector", vector / np.float32(length)) if np.isfinite(length) and length > 0 else None
