"""Exchange: prompts from other tools' files and into them, and whole workspaces as archives."""
