"""Serves the built user interface (`ui/`) and nothing else: files, one page, and the headers that keep it safe."""

from masthead.web.app import web_app

__all__ = ["web_app"]
