"""Jinja for texts that others write: what the server and programs render with, the same code.

Imports the standard library and jinja2 only, so that the SDK and a process without anything else
can use it.
"""
