"""What runs inside a user's program: `init()`, decorators and a context manager over the OpenTelemetry SDK.

It never raises into that program, and it never blocks it on the network.
"""
