"""One door to every model: takes calls in a client's own dialect, asks an upstream for them, and records each one.

Must always hold: what a client sent reaches a same-dialect upstream byte for byte but for the model's name; an error
reaches the client in its own dialect with the upstream's status; a client that goes away closes its upstream at once;
recording never delays an answer, is bounded in memory, and what it cannot keep is counted and logged, never silent.

Read `call.py` for the nouns and `seams.py` for the places where policy, guards and plugins come in.
"""
