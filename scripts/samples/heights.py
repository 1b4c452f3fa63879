"""A LangGraph supervisor of two agents, one who knows heights and one who calculates. Traced by OpenInference."""

import facts
from langchain.agents import create_agent
from langchain_openai import ChatOpenAI
from langgraph.errors import GraphRecursionError
from langgraph_supervisor import create_supervisor
from openinference.instrumentation.langchain import LangChainInstrumentor

import masthead

CASES = [
    ("How high is Mont Blanc in metres?", "4806"),
    ("How high is Ben Nevis in metres?", "1345"),
    ("How many metres higher is the Matterhorn than Snowdon?", "3393"),
    ("What is 12 * (3 + 4)?", "84"),
]


def play(base_url: str, case: int) -> None:
    """Run one case; success means that the right number stands in the answer."""
    LangChainInstrumentor().instrument()
    model = ChatOpenAI(model="SmolLM2-135M-Instruct", base_url=base_url, api_key="none", temperature=0.1)
    geographer = create_agent(model, [facts.height_of], name="geographer", system_prompt="Look heights up.")
    calculator = create_agent(model, [facts.calculate], name="calculator", system_prompt="Work sums out.")
    team = create_supervisor(
        [geographer, calculator],
        model=model,
        prompt="Send heights to the geographer and sums to the calculator, then give the answer.",
        output_mode="full_history",
    ).compile(name="supervisor-team")
    task, number = CASES[case]
    with masthead.run(task, system="heights (LangGraph supervisor)", tags=["sample"]) as run:
        try:
            state = team.invoke({"messages": [{"role": "user", "content": task}]}, {"recursion_limit": 14})
        except GraphRecursionError as error:
            run.fail(error)
            run.succeeded(False)
            return
        answer = str(state["messages"][-1].content)
        run.answer(answer)
        run.succeeded(number in answer.replace(",", ""))
