"""One agent and a service that is down: it asks the same again and again. Recorded by `masthead` itself."""

from openai import OpenAI

import masthead

MODEL = "SmolLM2-135M-Instruct"
CASES = [("How many mugs are in stock?", 6), ("Order 20 notebooks if fewer than 5 are left.", 9)]


@masthead.tool("stock_level")
def stock_level(item: str) -> int:
    """Ask the warehouse, which does not answer."""
    message = f"warehouse.example did not answer within 2 s (item={item})"
    raise TimeoutError(message)


def play(base_url: str, case: int) -> None:
    """Run one case; it fails, because the agent has no other idea than to try again."""
    task, tries = CASES[case]
    client = OpenAI(base_url=base_url, api_key="none")
    with masthead.run(task, system="stock keeper (plain Python)", tags=["sample"]) as run:
        with masthead.agent("stock keeper", instructions="Use stock_level; try again when it fails.") as agent:
            agent.input(task)
            messages = [{"role": "system", "content": "You keep the stock."}, {"role": "user", "content": task}]
            for _ in range(tries):
                item = "notebooks" if "notebooks" in task else "mugs"
                try:
                    stock_level(item)
                except TimeoutError as error:
                    messages.append({"role": "user", "content": f"stock_level failed: {error}"})
            with masthead.llm(MODEL, messages, provider="llama.cpp") as call:
                reply = client.chat.completions.create(model=MODEL, messages=messages, max_tokens=80)
                said = reply.choices[0].message.content or ""
                usage = reply.usage
                call.reply(said, model=reply.model, input_tokens=usage and usage.prompt_tokens,
                           output_tokens=usage and usage.completion_tokens)  # fmt: skip
            agent.output(said)
        run.answer(said)
        run.succeeded(False)
