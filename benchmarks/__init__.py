"""Figures against the targets of docs/performance.md, beside peers measured in the same run."""
