"""Importing through HTTP: what is read here goes to the server the same way as any program's spans."""

import time
from collections.abc import Iterator, Sequence
from typing import Any, Final

import httpx

from masthead.cli.client import call, check, pages, wait_until_found
from masthead.cli.conversations import score_json
from masthead.ingest.otlp_write import traces_json
from masthead.model.errors import InvalidInput, Overloaded, UpstreamError
from masthead.model.ids import RunId, SpanId
from masthead.model.score import Score
from masthead.model.span import Span
from masthead.model.times import parse_rfc3339

_SPANS_A_BODY: Final = 2_000
_CHARS_A_BODY: Final = 16 << 20
_RUNS_A_QUERY: Final = 200
_SCORES_A_BODY: Final = 5_000
_ALL: Final = 1 << 31


class HttpDoor:
    """The `ImportDoor` of the project that the client speaks for."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client
        self._last_run: RunId | None = None
        self._last_spans: set[SpanId] = set()
        """Those of that run's spans that were sent."""

    def span_counts(self, run_ids: Sequence[RunId]) -> dict[RunId, int]:
        """Return which of these runs are stored, and how many spans each has."""
        answer = call(self._client, "POST", "/api/v1/runs/exists", json={"run_ids": list(run_ids)})
        return {RunId(run_id): spans for run_id, spans in answer["spans"].items()}

    def span_starts(self, run_id: RunId) -> dict[SpanId, int]:
        """Return the ids of a stored run's spans, and when each starts."""
        found = pages(self._client, f"/api/v1/runs/{run_id}/spans", {}, limit=_ALL)
        return {SpanId(span["span_id"]): parse_rfc3339(span["start"]) for span in found}

    def existing_scores(self, run_ids: Sequence[RunId]) -> set[str]:
        """Return the ids of the scores on these runs."""
        found: set[str] = set()
        for start in range(0, len(run_ids), _RUNS_A_QUERY):
            some = list(run_ids[start : start + _RUNS_A_QUERY])
            found |= {score["id"] for score in pages(self._client, "/api/v1/scores", {"run_id": some}, limit=_ALL)}
        return found

    def accept(self, spans: Sequence[Span]) -> None:
        """Send the spans; wait where the server asks to.

        Raises:
            InvalidInput: the server refuses some of them.
        """
        for some in _bodies(spans):
            body = traces_json(some)
            answer = self._patiently("/v1/traces", content=body, headers={"Content-Type": "application/json"})
            answered: dict[str, Any] = answer.json() if answer.content else {}
            partial: dict[str, Any] = answered.get("partialSuccess") or {}
            refused = int(partial.get("rejectedSpans") or 0)
            if refused:
                raise InvalidInput(f"the server refused {refused} spans: {partial.get('errorMessage')}")
            if self._last_run != some[-1].trace_id:
                self._last_run = some[-1].trace_id
                self._last_spans = set()
            self._last_spans.update(span.span_id for span in some if span.trace_id == self._last_run)

    def add_scores(self, scores: Sequence[Score]) -> None:
        """Send the scores."""
        for start in range(0, len(scores), _SCORES_A_BODY):
            some = [score_json(score) for score in scores[start : start + _SCORES_A_BODY]]
            self._patiently("/api/v1/scores", json={"scores": some})

    def flush(self) -> None:
        """Return once the run that was sent last can be found whole, and with it those before.

        Raises:
            UpstreamError: it cannot be found within a minute.
        """
        if self._last_run is None:
            return
        wait_until_found(self._client, {self._last_run: len(self._last_spans)})
        self._last_run = None

    def _patiently(self, path: str, **options: Any) -> httpx.Response:
        """Post, and again where the server is pressed, for as long as it says so."""
        while True:
            try:
                response = self._client.post(path, **options)
                check(response)
            except Overloaded as error:
                time.sleep(min(error.retry_after_s, 30))
            except httpx.HTTPError as error:
                message = f"the server at {self._client.base_url} did not answer ({error}); is it still running?"
                raise UpstreamError(message) from error
            else:
                return response


def _bodies(spans: Sequence[Span]) -> Iterator[list[Span]]:
    some: list[Span] = []
    chars = 0
    for span in spans:
        size = sum(len(value) for value in span.attributes.values() if isinstance(value, str))
        if some and (len(some) >= _SPANS_A_BODY or chars + size > _CHARS_A_BODY):
            yield some
            some, chars = [], 0
        some.append(span)
        chars += size
    if some:
        yield some
