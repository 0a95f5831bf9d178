"""Prompts that include prompts: kept with every version, checked when labels move, looked up."""
