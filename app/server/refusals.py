"""How commands say that they refused."""

from __future__ import annotations

from typing import Any

import click

from app.errors import AppError


class Friendly(click.Group):
    """Says a deliberate failure in one line, and one for each of several causes.

    Only a bug ends in a traceback.
    """

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except AppError as error:
            click.echo(f"promptroom: {error.detail}", err=True)
            several = error.extra.get("errors", ())
            for one in several if len(several) > 1 else ():
                click.echo(f"  {one['message']}", err=True)
            ctx.exit(1)
