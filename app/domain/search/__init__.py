"""Finding prompts: an index of what they say, and counts of what a list can be narrowed by."""
