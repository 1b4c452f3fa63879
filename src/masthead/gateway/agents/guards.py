"""Joins calls to runs and guards runs while they last: loops and budgets, found by the detectors that diagnose."""

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Final, cast

import msgspec

from masthead.clock import Clock
from masthead.detect.registry import entries, suite
from masthead.gateway.agents.heard import Ear
from masthead.gateway.agents.identity import identified
from masthead.gateway.agents.keep import Keeper
from masthead.gateway.agents.live_run import Fired, Joined, Known, LiveRun, Owed, name_of
from masthead.gateway.agents.notes import corrected, refused_over_budget, refused_run, shown, with_note
from masthead.gateway.agents.stitch import MOST_BYTES, Stitcher
from masthead.gateway.agents.watch import Watcher
from masthead.gateway.call import Answer, Call, Exchange
from masthead.gateway.charge import CACHE, CostOf, charge_of, used_by
from masthead.gateway.config_routes import GuardsConfig, RunBudgetConfig
from masthead.gateway.reply import outline_of
from masthead.gateway.seams import QuietPlugin, Refused
from masthead.model.attributes import GUARD_ACTION, GUARD_FINDINGS
from masthead.model.ids import RunId, SpanId

LOOPS: Final = ("failing-retry", "repeated-call", "repeated-work", "repeated-step", "cycle", "talk-after-goal")
"""Detectors that are acted upon where the configuration names none: what they find is a run that does not end. The most
telling one first."""
_FINDINGS_A_RUN: Final = 8
"""How often a detector may report in one run, each time on other evidence."""
_JOINED: Final = frozenset({"chat", "responses", "messages"})
_UNSEEN: Final = re.compile(r"[\x00-\x1f\x7f]")
_WRITTEN_EVERY_S: Final = 1.0
_WRITTEN_TOGETHER: Final = 200


class AgentGuards(QuietPlugin):
    """A plugin of the gateway. Belongs to one event loop; its state is that of one process."""

    def __init__(
        self,
        guards_of: Callable[[Call], GuardsConfig],
        cost_of: CostOf,
        clock: Clock,
        keeper: Keeper | None = None,
        *,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self._guards_of = guards_of
        self._cost_of = cost_of
        self._clock = clock
        self._keeper = keeper
        self._ear = Ear(most_bytes // 8)
        self._stitcher = Stitcher(most_bytes)
        watched = sorted({*(entry.id for entry in entries() if entry.is_on), *LOOPS})
        self._watcher = Watcher(lambda: suite(watched, limit=_FINDINGS_A_RUN))
        self._open: dict[SpanId, Joined] = {}
        self._counted: dict[SpanId, str] = {}
        self._under_way: Counter[str] = Counter()
        """Calls that are out, of runs that may make so many, by the run's name."""
        self._changed: dict[LiveRun, None] = {}
        """What is not written down yet."""
        self._timer: asyncio.TimerHandle | None = None
        for run in keeper.load(clock.now_ns()) if keeper is not None else ():
            self._stitcher.take_up(run)

    @property
    def runs(self) -> Sequence[LiveRun]:
        """The runs under way, the latest last."""
        return self._stitcher.runs()

    async def before(self, exchange: Exchange) -> Answer | None:
        """Find the call's run and agent, read what it brings, and refuse or correct it where the guards say so."""
        call = exchange.call
        if call.endpoint.name not in _JOINED:
            return None
        heard = self._ear.call(call)
        who = identified(call, heard)
        scope = f"{call.identity.project}\0{call.identity.key_id or ''}"
        place = self._stitcher.said if exchange.is_joined else self._stitcher.found
        joined = place(scope, exchange.trace_id, heard, who, exchange.start_ns)
        exchange.trace_id = RunId(joined.run.run_id)
        attributes = exchange.attributes
        attributes["gen_ai.agent.id"] = joined.agent.id
        attributes["gen_ai.agent.name"] = joined.agent.name
        attributes["masthead.gateway.joined_by"] = joined.link
        self._open[exchange.span_id] = joined
        if joined.run.known is not None:
            self._settle(joined.run)
            self._watcher.told(joined)
        guards = self._guards_of(call)
        self._act(exchange, joined, guards)
        if guards.run.calls is not None:
            name = self._counted[exchange.span_id] = name_of(scope, joined.run.run_id)
            self._under_way[name] += 1
        return None

    def ended(self, exchange: Exchange) -> None:
        """Read what the agent was answered, and what it cost."""
        joined = self._open.pop(exchange.span_id, None)
        if joined is None:
            return
        run = joined.run
        name = self._counted.pop(exchange.span_id, None) if self._counted else None
        if name is not None:
            self._under_way[name] -= 1
            if not self._under_way[name]:
                del self._under_way[name]
        outline = outline_of(exchange) if exchange.status is not None and exchange.status < 400 else None
        if outline is None:
            self._stitcher.failed(joined)
            if exchange.is_client_gone and exchange.attempts:
                self._charge(run, exchange)  # its provider was asked: who gives up early is no cheaper for it
        else:
            self._charge(run, exchange)
            reply = self._ear.reply(outline)
            self._stitcher.replied(joined, reply, outline.id if isinstance(outline.id, str) else None)
            found = self._watcher.replied(joined, reply)
            if found:
                exchange.attributes[GUARD_FINDINGS] = [
                    *_listed(exchange.attributes.get(GUARD_FINDINGS)),
                    *map(shown, found),
                ]
        self._stitcher.ended(joined)
        self._keep_soon(run)

    def close(self) -> None:
        """Write down the runs under way."""
        if self._timer is not None:
            self._timer.cancel()
        self._write(is_last=True)

    def _charge(self, run: LiveRun, exchange: Exchange) -> None:
        run.calls += 1
        if run.known is None and exchange.charge is ...:  # nobody has priced it yet, and perhaps nobody will ask
            if exchange.attributes.get(CACHE) == "hit":
                return
            used = used_by(exchange)
            if used is None:
                run.unpriced += 1
            else:
                run.tokens += used.tokens
                run.owed = Owed(used.provider, used.model, used.usage)
            return
        charge = charge_of(exchange, self._cost_of)
        if charge is not None:
            run.tokens += charge.tokens
        self._pay(run, None if charge is None else charge.cost_usd)

    def _pay(self, run: LiveRun, cost_usd: Decimal | None) -> None:
        if cost_usd is None:
            run.unpriced += 1
        elif cost_usd:
            run.cost_usd += cost_usd

    def _settle(self, run: LiveRun) -> None:
        """Price the run's first call, now that it matters what the run costs."""
        owed, run.owed = run.owed, None
        if owed is not None:
            self._pay(run, self._cost_of(owed.provider, owed.model, owed.usage))

    def _act(self, exchange: Exchange, joined: Joined, guards: GuardsConfig) -> None:
        run, known = joined.run, joined.run.known
        new: list[Fired] = []
        if known is not None:
            if known.acted_upon < len(known.fired):
                acting = guards.detectors or LOOPS
                new = [one for one in known.fired[known.acted_upon :] if one.detector in acting]
                new.sort(key=lambda one: acting.index(one.detector))
                known.acted_upon = len(known.fired)
            if known.stopped is not None and guards.on_finding in {"stop", "correct"}:
                exchange.attributes[GUARD_ACTION] = "stopped"
                exchange.attributes[GUARD_FINDINGS] = [known.stopped]
                raise refused_run(run)
        budget = guards.run
        under_way = self._under_way[name_of(run.scope, run.run_id)] if budget.calls is not None else 0
        over = exceeded(run, budget, joined.agent.depth, exchange.start_ns, under_way)
        if over is not None:
            exchange.attributes[GUARD_ACTION] = "stopped"
            raise refused_over_budget(run, over)
        if new and known is not None:
            exchange.attributes[GUARD_FINDINGS] = [shown(one) for one in new]
            exchange.attributes[GUARD_ACTION] = self._answer(exchange, run, known, guards, new)

    def _answer(
        self, exchange: Exchange, run: LiveRun, known: Known, guards: GuardsConfig, new: Sequence[Fired]
    ) -> str:
        """Do what the configuration says of findings; return what was done."""
        match guards.on_finding:
            case "record":
                return "recorded"
            case "warn":
                self._warn(exchange, new)
                return "warned"
            case "correct" if not any(one.detector in known.corrected for one in new):
                known.corrected += [one.detector for one in new]
                self._warn(exchange, new)
                exchange.call = with_note(exchange.call, corrected(new[0]))
                return "corrected"
            case _:
                known.stopped = shown(new[0])
                exchange.attributes[GUARD_ACTION] = "stopped"
                raise refused_run(run, new[0])

    def _warn(self, exchange: Exchange, new: Sequence[Fired]) -> None:
        for one in new:
            line = " ".join(shown(one)[:400].split())  # a tool's name may hold line breaks, which a header may not
            exchange.headers.append((b"x-masthead-guard", _UNSEEN.sub("?", line).encode("ascii", "replace")))

    def _keep_soon(self, run: LiveRun) -> None:
        known = run.known
        if known is None or self._keeper is None:
            return  # a single question and its answer: nothing that a restart could break
        if run.calls < 2 and not any(agent.open_calls for agent in known.agents.values()):
            return
        self._settle(run)
        self._changed[run] = None
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_WRITTEN_EVERY_S, self._write)

    def _write(self, *, is_last: bool = False) -> None:
        """Write down some of the runs that changed, and go on soon where there are more: encoding holds up the loop."""
        self._timer = None
        self._watcher.forget(self._stitcher.holds)
        if self._keeper is None or not self._changed:
            return
        lines: list[bytes] = []
        for run in list(self._changed)[: None if is_last else _WRITTEN_TOGETHER]:
            del self._changed[run]
            self._watcher.written_down(run)
            lines.append(msgspec.json.encode(run))
            if run.known is not None:
                run.known.suite = None
        self._keeper.write(lines, waits=is_last)
        if self._changed:
            self._timer = asyncio.get_running_loop().call_later(_WRITTEN_EVERY_S / 10, self._write)


def exceeded(run: LiveRun, budget: RunBudgetConfig, depth: int, now_ns: int, under_way: int = 0) -> str | None:
    """Return which of its budgets the run has used up, in words; None where none. Calls under way count as calls."""
    seconds = (now_ns - run.start_ns) / 1e9
    if budget.calls is not None and run.calls + under_way >= budget.calls:
        return f"{run.calls + under_way} of {budget.calls} calls"
    if budget.tokens is not None and run.tokens >= budget.tokens:
        return f"{run.tokens} of {budget.tokens} tokens"
    if budget.cost_usd is not None and run.cost_usd >= budget.cost_usd:
        return f"${run.cost_usd:f} of ${budget.cost_usd:f}"
    if budget.seconds is not None and seconds >= budget.seconds:
        return f"{seconds:.0f} of {budget.seconds:g} seconds"
    if budget.depth is not None and depth > budget.depth:
        return f"agents called by agents {depth} deep, of {budget.depth}"
    return None


def _listed(value: object) -> list[str]:
    return [str(one) for one in cast("list[object]", value)] if isinstance(value, list) else []


__all__ = ["LOOPS", "AgentGuards", "CostOf", "Refused", "exceeded"]
