"""Asks a model under a cap, remembers what it answered, and has a refused answer repaired once."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from masthead.judge.verdict import Spent
from masthead.model.errors import InvalidInput, MastheadError, Overloaded, StoreFull, UpstreamError
from masthead.model.ports import ChatModel, ChatReply, ChatRequest
from masthead.model.reading import Message, Usage

T = TypeVar("T")

CHARS_A_TOKEN: Final = 4.0
"""A rough figure for estimates before anything is asked; what was spent is counted by the provider."""

PriceOf = Callable[[str, Usage], Decimal | None]
"""What a call of a model costs; None where its price is unknown."""


class OverBudgetError(MastheadError):
    """The cap is reached; what was judged so far stands."""


@dataclass(slots=True)
class Budget:
    """The most that a judging may spend. None is no cap; an unknown price is not counted against `usd`."""

    usd: Decimal | None = None
    calls: int | None = None

    def check(self, spent: Spent) -> None:
        """Go on where there is room.

        Raises:
            OverBudgetError: the cap is reached.
        """
        if self.calls is not None and spent.calls >= self.calls:
            raise OverBudgetError(f"the cap of {self.calls} calls is reached; raise --max-calls to go on from here")
        if self.usd is not None and (spent.cost_usd or Decimal(0)) >= self.usd:
            raise OverBudgetError(f"the cap of ${self.usd} is reached; raise --max-usd to go on from here")


class AnswerCache:
    """Answers by what was asked, one small file each: a judging that was interrupted goes on where it was."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, key: str) -> ChatReply | None:
        """Return what was answered before; a file that cannot be read counts as none."""
        try:
            return msgspec.json.decode(self._path(key).read_bytes(), type=ChatReply)
        except (OSError, msgspec.MsgspecError):
            return None

    def put(self, key: str, reply: ChatReply) -> None:
        """Keep an answer.

        Raises:
            StoreFull: the folder cannot be written.
        """
        path = self._path(key)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_suffix(".part")
            part.write_bytes(msgspec.json.encode(reply))
            part.replace(path)
        except OSError as error:
            raise StoreFull(f"cannot keep an answer in {self._folder}: {error.strerror or error}") from error

    def _path(self, key: str) -> Path:
        return self._folder / key[:2] / f"{key}.json"


def key_of(request: ChatRequest, repeat: int) -> str:
    """Return the content address of a question; repeats of one question are apart."""
    return sha256(msgspec.json.encode([request, repeat])).hexdigest()


class Asker:
    """One model, asked on behalf of judges. `spent` grows with every call that was not answered from the cache."""

    def __init__(self, model: ChatModel, *, cache: AnswerCache | None, budget: Budget, price_of: PriceOf) -> None:
        self._model = model
        self._cache = cache
        self._budget = budget
        self._price_of = price_of
        self.spent = Spent()

    async def ask(self, request: ChatRequest, read: Callable[[str], T], *, repeat: int = 0) -> T:
        """Return the answer as `read` understands it; an answer that it refuses is asked for once more.

        Raises:
            OverBudgetError: the cap is reached.
            InvalidInput: the second answer was refused too.
            UpstreamError, Overloaded: the model does not answer.
        """
        reply = await self._answer(request, repeat)
        try:
            return read(reply.message.text)
        except InvalidInput as fault:
            complaint = f"Your answer was refused: {fault}. Give the whole answer again, corrected."
            repaired = replace(
                request, messages=(*request.messages, reply.message, Message(role="user", text=complaint))
            )
        return read((await self._answer(repaired, repeat)).message.text)

    async def _answer(self, request: ChatRequest, repeat: int) -> ChatReply:
        key = key_of(request, repeat)
        kept = self._cache.get(key) if self._cache else None
        if kept is not None:
            self.spent = self.spent.plus(Spent(cached_calls=1))
            return kept
        self._budget.check(self.spent)
        reply = await self._model.ask(request)
        self.spent = self.spent.plus(
            Spent(
                calls=1,
                input_tokens=reply.usage.input_tokens or 0,
                output_tokens=reply.usage.output_tokens or 0,
                cost_usd=self._price_of(request.model, reply.usage),
            )
        )
        if self._cache:
            self._cache.put(key, reply)
        return reply


FAILURES: Final = (InvalidInput, UpstreamError, Overloaded)
"""What makes a verdict a counted failure in place of ending the judging."""
