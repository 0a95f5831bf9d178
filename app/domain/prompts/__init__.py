"""Prompts: names, folders, tags, and each branch's config and variables."""
