"""Versions, checkpoints and labels: what a prompt was, and what runs."""
