"""A planner, a solver with a calculator and a verifier, in plain Python. Recorded by `masthead` itself."""

import json

import facts
from openai import OpenAI

import masthead

MODEL = "SmolLM2-135M-Instruct"
CASES = [
    ("Ann has 3 boxes with 12 pens each. How many pens has she?", 36),
    ("A ticket costs 15 euros. What do 4 tickets cost?", 60),
    ("Tom had 20 apples and gave 8 away. How many are left?", 12),
    ("A train goes 80 km an hour for 3 hours. How far does it go?", 240),
    ("48 sweets are shared by 6 children. How many does each get?", 8),
]
_EXAMPLES = (
    "Write the arithmetic expression that solves the task. Bob has 2 bags with 5 balls each: 2 * 5. "
    "Eve had 9 euros and spent 4: 9 - 4. 30 cards are shared by 3 friends: 30 / 3."
)
_calculate = masthead.tool("calculate")(facts.calculate)


def play(base_url: str, case: int) -> None:
    """Run one case; success means that the right number was given."""
    task, number = CASES[case]
    client = OpenAI(base_url=base_url, api_key="none")
    with masthead.run(task, system="sums (plain Python)", tags=["sample"]) as run:
        said = solve(client, task)
        for _ in range(2):
            if verify(client, task, said):
                break
            said = solve(client, f"{task} (The answer {said} was found to be wrong.)")
        run.answer(said)
        run.succeeded(said.split(".")[0] == str(number))


@masthead.agent("solver", instructions="Write one arithmetic expression that solves the task.")
def solve(_client: OpenAI, task: str) -> str:
    """Turn the task into an expression and work it out."""
    shape = {"type": "string", "pattern": "^[0-9]{1,3} [-+*/] [0-9]{1,3}$"}
    reply = _ask(_client, _EXAMPLES, task, {"expression": shape})
    result = _calculate(reply.get("expression", ""))
    masthead.handoff("verifier", f"{reply.get('expression')} = {result}")
    return result


@masthead.agent("verifier", instructions="Say whether the answer is correct.")
def verify(_client: OpenAI, task: str, answer: str) -> bool:
    """Ask the model whether the answer is right."""
    question = f"Task: {task}\nAnswer: {answer}\nIs the answer correct?"
    reply = _ask(_client, "You check answers.", question, {"verdict": {"enum": ["correct", "wrong"]}})
    return reply.get("verdict") == "correct"


def _ask(client: OpenAI, system: str, text: str, shape: dict[str, object]) -> dict[str, str]:
    messages = [{"role": "system", "content": system}, {"role": "user", "content": text}]
    schema = {"type": "object", "properties": shape, "required": list(shape), "additionalProperties": False}
    with masthead.llm(MODEL, messages, provider="llama.cpp") as call:
        reply = client.chat.completions.create(
            model=MODEL,
            messages=messages,
            response_format={"type": "json_schema", "json_schema": {"name": "reply", "schema": schema}},
        )
        text = reply.choices[0].message.content or ""
        usage = reply.usage
        call.reply(
            text,
            model=reply.model,
            input_tokens=usage and usage.prompt_tokens,
            output_tokens=usage and usage.completion_tokens,
            finish_reason=reply.choices[0].finish_reason,
        )
    try:
        return json.loads(text)
    except ValueError:
        return {}
