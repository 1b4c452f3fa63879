"""Wire ↔ model for each vendor family; no policy. Importing it loads nothing: a gateway alone must stay small.

`openai`, `anthropic`: how a `ChatModel` is asked over HTTP. `dialects`: one vendor's wire format into another's,
without I/O. `vendors`: who is where and wants which key. `catalogue`, `prices`: what models can do and cost.
"""
