"""How fast the rules read turns, and whether that grows with the run.

    python benchmarks/detect.py [FILE …]

Without files it makes runs of its own; with files (anything that can be imported) it times those too. Prints turns a
second over all rules that are on and over all rules, the time of a run, the growth from 10,000 to 100,000 turns and the
state's size in memory and as a snapshot.
"""

import gc
import json
import random
import statistics
import sys
import time
import tracemalloc
from collections.abc import Sequence

from masthead.detect.registry import RULES, entries, suite
from masthead.detect.suite import Suite
from masthead.ingest.importers.family import ImportedRun, Record
from masthead.ingest.importers.registry import family_of
from masthead.ingest.records import records
from masthead.ingest.sources import documents
from masthead.model.conversation import Act, Agent, Conversation, Ending, EndingKind, Turn
from masthead.model.ids import AgentId, RunId

WORDS = ("the", "plan", "file", "result", "value", "check", "write", "test", "page", "user", "order", "total", "agent")


def made(turns: int, *, seed: int = 1) -> Conversation:
    """Return a run of two agents and a tool, with texts of about 300 characters, some of them repeated."""
    chance = random.Random(seed)
    found: list[Turn] = []
    while len(found) < turns:
        index = len(found)
        kind = index % 4
        text = "\n".join(" ".join(chance.choices(WORDS, k=9)) + f" {chance.randrange(10**6)}" for _ in range(5))
        speaker = AgentId(("planner", "coder", "python", "coder")[kind])
        act = (Act.MESSAGE, Act.TOOL_CALL, Act.TOOL_RESULT, Act.MESSAGE)[kind]
        arguments = json.dumps({"code": text}) if act is Act.TOOL_CALL else None
        repeated = found[chance.randrange(len(found))].text if found and chance.random() < 0.02 else text
        found.append(
            Turn(
                index=index,
                speaker=speaker,
                act=act,
                text="" if arguments else repeated,
                tool_name="python" if act is not Act.MESSAGE else None,
                tool_arguments=arguments,
            )
        )
    agents = tuple(Agent(id=AgentId(name), name=name) for name in ("planner", "coder", "python"))
    return Conversation(
        run_id=RunId("0" * 32), task="Check the total", turns=tuple(found), agents=agents,
        ending=Ending(kind=EndingKind.COMPLETED, answer="42"),
    )  # fmt: skip


def imported(names: Sequence[str]) -> list[Conversation]:
    """Return the runs that the files hold."""
    found: list[Conversation] = []
    for document in documents(names):
        for record in records(document):
            family = family_of(record) if isinstance(record, Record) else None
            if family is not None and isinstance(record, Record):
                found += [each.conversation for each in family.read(record) if isinstance(each, ImportedRun)]
    return found


def seconds(detector: Suite, conversation: Conversation) -> float:
    """Return the processor time of one reading, so that what else runs on the machine counts less."""
    start = time.process_time()
    detector.findings(conversation)
    return time.process_time() - start


def report(name: str, detector: Suite, runs: Sequence[Conversation]) -> None:
    """Print what reading these runs takes."""
    times = [min(seconds(detector, run) for _ in range(3)) for run in runs]
    turns = sum(len(run.turns) for run in runs)
    middle, worst = statistics.median(times), max(times)
    print(
        f"{name}: {turns / sum(times):,.0f} turns/s; a run {middle * 1e3:.2f} ms median, {worst * 1e3:.1f} ms at most"
    )


def main() -> None:
    """Run all measurements."""
    detectors = {"rules that are on": suite(), "all rules": Suite([make() for make in RULES])}
    print(f"{sum(entry.is_on for entry in entries())} of {len(RULES)} rules are on")
    made_runs = [made(40, seed=seed) for seed in range(50)]
    given = imported(sys.argv[1:]) if len(sys.argv) > 1 else []
    for name, detector in detectors.items():
        report(f"{name}, made runs of 40 turns", detector, made_runs)
        if given:
            report(f"{name}, {len(given)} given runs", detector, given)
        print(f"  1,500 turns: {seconds(detector, made(1_500)) * 1e3:.1f} ms")
        short, long = made(10_000), made(100_000)
        gc.collect()
        first, second = (min(seconds(detector, run) for _ in range(3)) for run in (short, long))
        print(f"  10,000 turns {first:.3f} s, 100,000 turns {second:.3f} s: {second / first:.1f} times")
        tracemalloc.start()
        detector.findings(long)
        print(f"  state after 100,000 turns: {tracemalloc.get_traced_memory()[0] / 2**20:.1f} MB in memory, ", end="")
        tracemalloc.stop()
        print(f"{len(json.dumps(detector.snapshot())) / 2**20:.1f} MB as a snapshot")


if __name__ == "__main__":
    main()
