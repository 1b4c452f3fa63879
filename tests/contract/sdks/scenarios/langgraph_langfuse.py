"""The same LangGraph supervisor under Langfuse's callback handler for LangChain."""

import sys
from pathlib import Path

from langfuse import Langfuse
from langfuse.langchain import CallbackHandler
from langgraph_supervisor_team import ask, script, team

from masthead.testing.otlp_capture import OtlpCapture
from masthead.testing.scripted_model import ScriptedModel

if __name__ == "__main__":
    with ScriptedModel(script) as model, OtlpCapture() as collector:
        langfuse = Langfuse(public_key="pk-lf-1", secret_key="sk-lf-1", base_url=collector.url)
        ask(team(model.url), callbacks=[CallbackHandler()])
        langfuse.flush()
        Path(sys.argv[1]).write_bytes(collector.traces())
