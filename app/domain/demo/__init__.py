"""Demo: a workspace to try things on, with people, prompts and months of history."""
