"""Calls that are one question and one answer, between dialects: embeddings, counts of tokens. No stream, no tools."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from masthead.model.errors import UpstreamError
from masthead.providers.dialects.dialect import Dialect, Loss, Losses
from masthead.providers.dialects.errors import ErrorReply, translated_error

Told = Callable[[Mapping[str, Any], int | None], dict[str, Any]]
"""Puts an answer into the caller's dialect, given the input tokens that its headers tell of."""


class Asked(NamedTuple):
    """What goes to the target, and how its answer is read."""

    path: str
    """Below the connection's base URL."""
    body: dict[str, Any]
    told: Told
    losses: Losses


class PlainTranslation:
    """One such call on its way."""

    def __init__(self, asked: Asked, *, source: Dialect, target: Dialect) -> None:
        self.path = asked.path
        self.body = asked.body
        self._asked = asked
        self._source, self._target = source, target

    @property
    def losses(self) -> tuple[Loss, ...]:
        """What could not be carried."""
        return self._asked.losses.all()

    def reply(self, answer: Mapping[str, Any], *, input_tokens: int | None = None) -> dict[str, Any]:
        """Return the answer in the caller's dialect.

        Raises:
            UpstreamError: the answer is not what this vendor documents.
        """
        try:
            return self._asked.told(answer, input_tokens)
        except (AttributeError, IndexError, KeyError, OverflowError, TypeError, ValueError) as error:
            raise UpstreamError(f"the upstream's answer is not of the form that it documents: {error!r}") from error

    def error(self, status: int, body: bytes) -> ErrorReply:
        """Return an upstream's failure in the caller's dialect, with the status to answer."""
        return translated_error(self._source, self._target, status, body)
