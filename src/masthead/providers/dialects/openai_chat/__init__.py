"""OpenAI's chat completions, which most vendors and local servers speak."""
