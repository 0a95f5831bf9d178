"""Folders: places that prompts lie in, one within the other, with paths as Support/Refunds."""
