"""What operators do without a running server; `app/cli.py` reads the line and calls it.

Nothing here is imported before its command runs but the options of `import` and `export`
(`exchange_cli`), so that `--help` is instant.
"""
