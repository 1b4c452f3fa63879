"""The nouns of the glossary, the ports between rooms and the error tree.

Everything here is frozen, keyword-only and free of I/O. It may import the standard library and pydantic, nothing else
of Masthead; every other room may import it.
"""
