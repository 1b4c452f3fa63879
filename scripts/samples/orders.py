"""Two pydantic-ai agents with plain code between them: one reads the order, one confirms it. Traced by pydantic-ai."""

import facts
from pydantic import BaseModel
from pydantic_ai import Agent, InstrumentationSettings, NativeOutput
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

import masthead

CASES = [
    ("Hello, I would like 3 mugs.", "mug", 3),
    ("Please send me 2 blankets.", "blanket", 2),
    ("One kettle, please.", "kettle", 1),
    ("My colleague and I need five notebooks each.", "notebook", 10),
    ("4 lamps for the office.", "lamp", 4),
]


class Order(BaseModel):
    """What a customer wants."""

    item: str
    quantity: int


@masthead.tool("price_of")
def price_of(item: str, quantity: int) -> int:
    """Price an order in EUR; refuse what is not sold."""
    for name, price in facts.PRICES_EUR.items():
        if name in item.lower():
            return price * quantity
    message = f"not sold here: {item!r}"
    raise LookupError(message)


def play(base_url: str, case: int) -> None:
    """Run one case; success means that item, quantity and so the price are right."""
    model = OpenAIChatModel("SmolLM2-135M-Instruct", provider=OpenAIProvider(base_url=base_url, api_key="none"))
    Agent.instrument_all(InstrumentationSettings())
    reader = Agent(model, name="reader", output_type=NativeOutput(Order), system_prompt="Read the order as JSON.")
    clerk = Agent(model, name="clerk", system_prompt="Confirm the order to the customer in one short sentence.")
    task, item, quantity = CASES[case]
    with masthead.run(task, system="orders (pydantic-ai)", tags=["sample"]) as run:
        try:
            order = reader.run_sync(task).output
            total = price_of(order.item, order.quantity)
        except LookupError as error:
            run.fail(error)
            run.succeeded(False)
            return
        run.answer(clerk.run_sync(f"{order.quantity} x {order.item}, {total} EUR in all").output)
        run.succeeded(total == facts.PRICES_EUR[item] * quantity)
