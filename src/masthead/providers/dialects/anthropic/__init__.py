"""Anthropic's messages, which Claude speaks at Anthropic, on Vertex and through some other vendors."""
