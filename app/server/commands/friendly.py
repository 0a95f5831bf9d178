"""How commands say that they refused."""

from __future__ import annotations

from typing import Any

import click

from app.server.refusals import refusal


class Friendly(click.Group):
    """Says a deliberate failure in one line, and one for each of several causes.

    Only a bug ends in a traceback.
    """

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            if (refused := refusal(error)) is None:
                raise
            click.echo(f"promptroom: {refused.detail}", err=True)
            several = refused.extra.get("errors", ())
            for one in several if len(several) > 1 else ():
                click.echo(f"  {one['message']}", err=True)
            ctx.exit(1)
