"""Time diagnosis: the 7,146 AG2 runs from the archive to the last score, and how one long run grows.

    python -m benchmarks.diagnose            # about two minutes on two quiet cores

Prints wall and CPU seconds of `masthead import` and `masthead diagnose --all` in a fresh folder (asked for: 90 s of
wall time together, on two cores), then the CPU time of diagnosing one failed run of 10,000 and of 100,000 turns, with
attribution, spread and cost (asked for: at most 11 times as much). Each is taken more than once, in turns, because what
else runs on the machine changes CPU time too.
"""

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from random import Random

from masthead.detect.registry import suite
from masthead.diagnose.run import diagnose
from masthead.testing.conversations import conversation

ARCHIVE = Path(__file__).resolve().parents[2] / "shared" / "data" / "masft" / "traces" / "AG2_experiments_7146.tar.xz"
MASTHEAD = (sys.executable, "-c", "from masthead.cli.main import main; main()")


def main() -> int:
    """Run both measurements."""
    if ARCHIVE.exists():
        with tempfile.TemporaryDirectory() as folder:
            steps = {"import": ("import", str(ARCHIVE)), "diagnose": ("diagnose", "--all")}
            walls = [_timed(name, (*MASTHEAD, "--data-dir", folder, *arguments)) for name, arguments in steps.items()]
        print(f"together       {sum(walls):6.1f} s wall; asked for 90")
    else:
        print(f"{ARCHIVE} is absent: the runs were not timed")
    found: dict[int, list[float]] = {10_000: [], 100_000: []}
    for turns in (10_000, 100_000, 10_000, 100_000, 10_000):
        found[turns].append(_grown(turns))
    small, large = (min(times) for times in found.values())
    print(f"100,000 turns cost {large / small:.1f} times 10,000, the best of each; asked for 11")
    return 0


def _timed(name: str, command: tuple[str, ...]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began_s = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    wall_s = time.perf_counter() - began_s
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"{name:14} {wall_s:6.1f} s wall, {cpu_s:6.1f} s CPU, {after.ru_maxrss / 1024:.0f} MB at most")
    return wall_s


def _grown(turns: int) -> float:
    random = Random(1)
    words = [f"word{number}" for number in range(3_000)]
    lines: list[str] = []
    for turn in range(turns):
        text = f"{' '.join(random.choices(words, k=40))} value {random.randint(0, 10**6)}"
        if turn % 4 == 3:
            lines.append(f"terminal: {'Error: ' if turn % 40 == 3 else ''}{text}")
        else:
            lines.append(f"Agent{turn % 5}: {text}")
    told = conversation(lines)
    began_s = time.process_time()
    diagnose(told, [suite()])
    cpu_s = time.process_time() - began_s
    print(f"{turns:7,} turns  {cpu_s:6.2f} s CPU, {1e6 * cpu_s / turns:.0f} µs a turn")
    return cpu_s


if __name__ == "__main__":
    sys.exit(main())
