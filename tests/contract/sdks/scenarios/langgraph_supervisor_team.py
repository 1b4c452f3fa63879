"""LangGraph: a supervisor hands to two agents in turn. The team, shared by the scenarios that instrument it."""

import warnings
from collections.abc import Sequence
from typing import Any

# The SDK is typed in part.
# pyright: reportUnknownVariableType=false, reportUnknownMemberType=false
from langchain.agents import create_agent
from langchain_openai import ChatOpenAI
from langgraph_supervisor import create_supervisor
from pydantic import SecretStr

from masthead.testing.scripted_model import ScriptedCall, ScriptedReply, ScriptedRequest

TASK = "What is the combined headcount of Apple and Meta?"


def script(request: ScriptedRequest) -> ScriptedReply:
    names = {message.get("name") for message in request.messages}
    if "supervisor" in request.system:
        if "math_expert" in names:
            return ScriptedReply(text="Together they employ 238,000 people.", input_tokens=140, output_tokens=11)
        if "research_expert" in names:
            return _call("transfer_to_math_expert", "{}", "call_to_math", 100)
        return _call("transfer_to_research_expert", "{}", "call_to_research", 40)
    if "research" in request.system:
        if request.last.get("role") == "tool" and request.last.get("tool_call_id") == "call_search":
            return ScriptedReply(text="Apple: 164,000. Meta: 74,000.", input_tokens=70, output_tokens=12)
        return _call("web_search", '{"query": "headcount"}', "call_search", 50)
    if request.last.get("role") == "tool" and request.last.get("tool_call_id") == "call_add":
        return ScriptedReply(text="The sum is 238,000.", input_tokens=120, output_tokens=7)
    return _call("add", '{"a": 164000, "b": 74000}', "call_add", 110)


def _call(name: str, arguments: str, identity: str, input_tokens: int) -> ScriptedReply:
    call = ScriptedCall(name=name, arguments=arguments, id=identity)
    return ScriptedReply(calls=(call,), input_tokens=input_tokens, output_tokens=6)


def web_search(query: str) -> str:
    """Search the web."""
    return f"Results for {query}: Apple 164,000; Meta 74,000."


def add(a: float, b: float) -> float:
    """Add two numbers."""
    return a + b


def team(model_url: str) -> Any:
    """Return the compiled graph of a supervisor and two agents."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = ChatOpenAI(base_url=model_url, api_key=SecretStr("none"), model="scripted-1", max_retries=0)
        research = create_agent(
            model=model, tools=[web_search], name="research_expert", system_prompt="You are a research expert."
        )
        math = create_agent(model=model, tools=[add], name="math_expert", system_prompt="You are a math expert.")
        return create_supervisor([research, math], model=model, prompt="You are a team supervisor.").compile(
            name="headcount"
        )


def ask(graph: Any, callbacks: Sequence[Any] = ()) -> None:
    """Run the team on the task."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        configuration = {"configurable": {"thread_id": "t-1"}, "callbacks": list(callbacks)}
        state = graph.invoke({"messages": [{"role": "user", "content": TASK}]}, configuration)
    assert state["messages"][-1].content == "Together they employ 238,000 people."
