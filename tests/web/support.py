"""A small application with nothing of ours in it but the web vocabulary."""

from __future__ import annotations

from typing import Any

from jinja2 import DictLoader, Environment
from litestar import Litestar
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.template import TemplateConfig
from litestar.testing import AsyncTestClient

from app.web.problem import EXCEPTION_HANDLERS

TEMPLATES = {
    "errors/page.html": "<html>{{ status }} {{ title }} {{ detail }} {{ request_id }}</html>",
    "errors/_inline.html": "<p>{{ status }} {{ title }} {{ detail }}</p>",
    "whole.html": "<html>{{ word }}</html>",
    "_piece.html": "<p>{{ word }}</p>",
}


def serve(*handlers: Any, **options: Any) -> AsyncTestClient[Litestar]:
    """A client of an application with these handlers."""
    jinja = Environment(loader=DictLoader(TEMPLATES), autoescape=True)
    app = Litestar(
        route_handlers=list(handlers),
        exception_handlers=EXCEPTION_HANDLERS,
        template_config=TemplateConfig(instance=JinjaTemplateEngine.from_environment(jinja)),
        openapi_config=None,
        logging_config=None,
        **options,
    )
    client = AsyncTestClient(app, base_url="http://promptroom.test", raise_server_exceptions=True)
    client.follow_redirects = False
    return client
