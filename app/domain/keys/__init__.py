"""API keys: how programs and agents act in a workspace."""
