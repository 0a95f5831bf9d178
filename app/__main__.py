"""`python -m app` is the `promptroom` command."""

from app.cli import main

main()
