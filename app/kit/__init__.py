"""Tools that know nothing of prompts, HTTP or SQL."""
