"""Wire ↔ model for each vendor family: how a `ChatModel` is asked over HTTP. No policy, no keys of its own."""

from masthead.providers.anthropic import AnthropicModel
from masthead.providers.openai import OpenAIModel

__all__ = ["AnthropicModel", "OpenAIModel"]
