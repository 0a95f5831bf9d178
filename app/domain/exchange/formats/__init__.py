"""One module for each format: `looks_like`, `read` and `write`, all of them pure."""
