"""Serves the built browser application."""
