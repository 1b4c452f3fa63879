"""Counts of one process since its start, as Prometheus reads them (text format 0.0.4)."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from masthead.gateway.call import Exchange
from masthead.gateway.reply import usage_in

_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)
_Labels = tuple[tuple[str, str], ...]


@dataclass
class Histogram:
    """Durations by bucket."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(_SECONDS) + 1))
    total_s: float = 0.0

    def add(self, seconds: float) -> None:
        """Count one."""
        self.counts[bisect_left(_SECONDS, seconds)] += 1
        self.total_s += seconds


@dataclass
class Metrics:
    """What one process counted. Written in the event loop alone, but for the tokens, which the recorder counts."""

    in_flight: int = 0
    requests: Counter[tuple[str, str, int]] = field(default_factory=Counter[tuple[str, str, int]])
    """By endpoint, connection and status; the connection is empty where none was asked."""
    attempts: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    """By connection and outcome: `ok`, or how it failed."""
    tokens: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    """By connection and kind."""
    durations: dict[str, Histogram] = field(default_factory=dict[str, Histogram])
    first_chunks: dict[str, Histogram] = field(default_factory=dict[str, Histogram])
    clients_gone: int = 0
    loop_lag: Histogram = field(default_factory=Histogram)
    """How late the event loop came to what was due."""
    verdicts: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    """Of content plugins, by kind and action."""

    def count(self, exchange: Exchange) -> None:
        """Count a finished call."""
        for attempt in exchange.attempts:
            outcome = "ok" if attempt.is_ok else attempt.failure or "broken"
            self.attempts[attempt.target.connection.name, outcome] += 1
        if exchange.purpose is not None:
            return
        endpoint, answered = exchange.call.endpoint.name, exchange.answered_by
        connection = answered.target.connection.name if answered is not None else ""
        self.requests[endpoint, connection, exchange.status or 0] += 1
        self.clients_gone += exchange.is_client_gone
        for verdict in exchange.verdicts:
            self.verdicts[verdict.kind, verdict.action] += 1
        if exchange.end_ns is not None:
            _of(self.durations, endpoint).add((exchange.end_ns - exchange.start_ns) / 1e9)
        if exchange.first_chunk_ns is not None:
            _of(self.first_chunks, endpoint).add((exchange.first_chunk_ns - exchange.start_ns) / 1e9)

    def count_tokens(self, exchange: Exchange) -> None:
        """Count the tokens that a finished call's answer tells."""
        usage = usage_in(exchange)
        if usage is None:
            return
        answered = exchange.answered_by
        connection = answered.target.connection.name if answered is not None else ""
        tokens = self.tokens
        if usage.input_tokens is not None:
            tokens[connection, "input"] += usage.input_tokens
        if usage.output_tokens is not None:
            tokens[connection, "output"] += usage.output_tokens
        if usage.cache_read_tokens is not None:
            tokens[connection, "cache_read"] += usage.cache_read_tokens
        if usage.cache_write_tokens is not None:
            tokens[connection, "cache_write"] += usage.cache_write_tokens


def labelled(name: str, **labels: str) -> str:
    """Return a metric's name with labels, as `text_of` takes it."""
    return f"{name}{_braced(tuple(labels.items()))}"


def _of(histograms: dict[str, Histogram], name: str) -> Histogram:
    found = histograms.get(name)
    if found is None:
        found = histograms[name] = Histogram()
    return found


def text_of(metrics: Metrics, gauges: Mapping[str, float]) -> str:
    """Return the metrics as text; `gauges` are further values by their name, labels included.

    May be asked in any thread while calls are counted: what grows is copied with `dict()`, which nothing interrupts.
    """
    lines = list(_counter("masthead_gateway_requests_total", "Calls answered.", _requests(metrics)))
    lines += _counter("masthead_gateway_attempts_total", "Tries at upstreams.", _attempts(metrics))
    lines += _counter("masthead_gateway_tokens_total", "Tokens as providers counted them.", _tokens(metrics))
    gone: tuple[_Labels, float] = ((), metrics.clients_gone)
    lines += _counter("masthead_gateway_clients_gone_total", "Clients that left before their answer's end.", [gone])
    about = "What content plugins found and did."
    lines += _counter("masthead_gateway_plugin_verdicts_total", about, _verdicts(metrics))
    about = "From a call's arrival to its answer's end."
    lines += _histogram("masthead_gateway_seconds", about, dict(metrics.durations))
    about = "From a call's arrival to the first chunk of its stream."
    lines += _histogram("masthead_gateway_first_chunk_seconds", about, dict(metrics.first_chunks))
    about = "How late the event loop came to what was due, fifty times a second."
    lines += _histogram("masthead_gateway_loop_lag_seconds", about, {"": metrics.loop_lag})
    typed = set[str]()
    for name, value in ({"masthead_gateway_in_flight": float(metrics.in_flight)} | dict(gauges)).items():
        bare = name.partition("{")[0]
        if bare not in typed:
            typed.add(bare)
            lines.append(f"# TYPE {bare} {'counter' if bare.endswith('_total') else 'gauge'}")
        lines.append(f"{name} {value}")
    return "\n".join(lines) + "\n"


def _requests(metrics: Metrics) -> Iterator[tuple[_Labels, float]]:
    for (endpoint, connection, status), count in dict(metrics.requests).items():
        yield (("endpoint", endpoint), ("connection", connection), ("status", str(status))), count


def _attempts(metrics: Metrics) -> Iterator[tuple[_Labels, float]]:
    for (connection, outcome), count in dict(metrics.attempts).items():
        yield (("connection", connection), ("outcome", outcome)), count


def _tokens(metrics: Metrics) -> Iterator[tuple[_Labels, float]]:
    for (connection, kind), count in dict(metrics.tokens).items():
        yield (("connection", connection), ("kind", kind)), count


def _verdicts(metrics: Metrics) -> Iterator[tuple[_Labels, float]]:
    for (kind, action), count in dict(metrics.verdicts).items():
        yield (("kind", kind), ("action", action)), count


def _counter(name: str, about: str, rows: Iterable[tuple[_Labels, float]]) -> Iterator[str]:
    yield f"# HELP {name} {about}"
    yield f"# TYPE {name} counter"
    for labels, value in rows:
        yield f"{name}{_braced(labels)} {value}"


def _histogram(name: str, about: str, histograms: Mapping[str, Histogram]) -> Iterator[str]:
    yield f"# HELP {name} {about}"
    yield f"# TYPE {name} histogram"
    for endpoint, histogram in histograms.items():
        of: _Labels = (("endpoint", endpoint),) if endpoint else ()
        count = 0
        for bound, added in zip((*map(str, _SECONDS), "+Inf"), histogram.counts, strict=True):
            count += added
            yield f"{name}_bucket{_braced((*of, ('le', bound)))} {count}"
        yield f"{name}_sum{_braced(of)} {histogram.total_s}"
        yield f"{name}_count{_braced(of)} {count}"


def _braced(labels: _Labels) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
