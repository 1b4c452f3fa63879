"""Asking an upstream over HTTP/1.1: a small port (`port.py`) and what fills it.

Must always hold: nothing that a client sent can add a header, a request or a host; an answer that does not parse
strictly is a failure, never passed on; only addresses that were checked are connected to; redirects are not followed.
"""
