"""Threads: comments on the exact words of a prompt, or on the whole of it."""
