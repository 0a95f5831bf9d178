"""Tags of a workspace as a whole: how many prompts have each, renaming, merging, taking away."""
