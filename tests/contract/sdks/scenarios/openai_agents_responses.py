"""OpenAI Agents SDK under OpenInference, over the responses API, as it is by default."""

from agents import set_trace_processors
from harness import provider_for, record
from openai_agents_team import ask, script
from openinference.instrumentation.openai_agents import OpenAIAgentsInstrumentor


def scenario(model_url: str, collector_url: str) -> None:
    provider = provider_for(collector_url, "airline")
    set_trace_processors([])
    OpenAIAgentsInstrumentor().instrument(tracer_provider=provider)
    ask(model_url, is_streamed=False)
    provider.shutdown()


if __name__ == "__main__":
    record(script, scenario)
