"""A small real team, as a program: a clerk picks a price list, a counter adds up, a teller answers.

Run alone it plays the whole team and prints the log of MathChat's shape; given a request to replay on its standard
input it goes on from there. What agents do follows from what was said before them, so one wrong pick decides the run.
"""

import json
import sys
from typing import Any

PRICES = {"2019": {"pears": 3, "plums": 2}, "2024": {"pears": 5, "plums": 4}}
TASK = "What do 6 pears and 7 plums cost by the price list of 2024?"
RIGHT = 6 * 5 + 7 * 4
TEAM = ("clerk", "counter", "teller")


def act(agent: str, said: list[str]) -> str:
    """Do one turn of an agent, from what was said before."""
    if agent == "clerk":
        return "I take the price list of 2019."
    year = next(year for year in PRICES if year in " ".join(said[1:]))
    prices = PRICES[year]
    total = 6 * prices["pears"] + 7 * prices["plums"]
    if agent == "counter":
        return f"By the list of {year}: 6 * {prices['pears']} + 7 * {prices['plums']} = {total}."
    return f"The answer is \\boxed{{{said[-1].split('= ')[-1].rstrip('.')}}}."


def play(said: list[str]) -> list[str]:
    """Let the team go on until the teller has answered."""
    while len(said) <= len(TEAM):
        said = [*said, act(TEAM[len(said) - 1], said)]
    return said


def is_right(said: list[str]) -> bool:
    """Say whether the last word holds the right answer."""
    return f"{{{RIGHT}}}" in said[-1]


def replayed(request: dict[str, Any]) -> bool:
    """Go on from the recorded turns; a changed turn is the correction, or else what the agent says anew."""
    said = [turn["text"] for turn in request["turns"]]
    if request["is_changed"]:
        said.append(request["correction"] or act(request["agent"], said))
    return is_right(play(said))


if __name__ == "__main__":
    print(json.dumps({"is_success": replayed(json.load(sys.stdin))}))
