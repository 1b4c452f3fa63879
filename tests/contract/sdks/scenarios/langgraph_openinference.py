"""A LangGraph supervisor of two agents under OpenInference's LangChain instrumentation."""

from harness import provider_for, record
from langgraph_supervisor_team import ask, script, team
from openinference.instrumentation.langchain import LangChainInstrumentor


def scenario(model_url: str, collector_url: str) -> None:
    provider = provider_for(collector_url, "headcount-app")
    LangChainInstrumentor().instrument(tracer_provider=provider)
    ask(team(model_url))
    provider.shutdown()


if __name__ == "__main__":
    record(script, scenario)
