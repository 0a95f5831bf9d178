"""The library: a workspace's prompts as a list, what narrows it, and what is done to many at once.

The command palette and what a new prompt may start from are asked for from there.
"""
