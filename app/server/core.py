"""`build(settings)` puts the application together; reads like a table of contents."""

from __future__ import annotations

from litestar import Litestar
from litestar.datastructures import State
from litestar.di import Provide
from litestar.plugins import PluginProtocol
from litestar.plugins.core import MsgspecDIPlugin
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.template import TemplateConfig

from app.db.engine import Database
from app.domain.prompts.jinja import Jinja
from app.server import routes, shell
from app.server.lifespan import lifespan
from app.server.monitoring.telemetry import Telemetry
from app.server.openapi.description import openapi_config
from app.server.paths import resource
from app.server.requests import authentication
from app.server.requests.fast_lane import FastLane
from app.server.wiring.search import finder_of
from app.settings import Settings
from app.web import conditional
from app.web.assets import Assets
from app.web.deps import provide_tx
from app.web.head import HeadAsGet
from app.web.host import SaneHost
from app.web.json_request import JsonRequest
from app.web.nul import NoNulInUrl
from app.web.options import ExactAllow
from app.web.problem import EXCEPTION_HANDLERS
from app.web.same_origin import SameOrigin
from app.web.security import SecurityHeaders
from app.web.templates import environment


class Application(Litestar):
    """Without what Litestar adds wherever it finds pydantic and attrs, which the MCP SDK brings.

    None of our own values is made with either: it would cost every start 60 ms and 9 MiB.
    """

    @staticmethod
    def _get_default_plugins(plugins: list[PluginProtocol]) -> list[PluginProtocol]:
        return [*plugins, MsgspecDIPlugin()]


def build(settings: Settings) -> Litestar:
    """The ASGI application for `settings`. Opens nothing until its lifespan begins."""
    settings = settings.with_secret_key()
    assets = Assets(resource("static"))
    jinja = environment(resource("templates"), assets)
    app = Application(
        route_handlers=[*routes.ROUTES, routes.static_files(assets)],
        dependencies={
            "tx": Provide(provide_tx),
            **authentication.PROVIDERS,
            **shell.PROVIDERS,
            **conditional.PROVIDERS,
            **routes.PROVIDERS,
        },
        lifespan=[lifespan],
        state=state_of(settings),
        request_class=JsonRequest,
        exception_handlers=EXCEPTION_HANDLERS,
        template_config=TemplateConfig(instance=JinjaTemplateEngine.from_environment(jinja)),
        openapi_config=openapi_config(),
        include_in_schema=False,  # but what `described` holds
        request_max_body_size=4 * 1024 * 1024,  # a 2 MiB prompt with JSON escapes fits
        logging_config=None,
    )
    # Around everything, and not as middleware of the routes: what no route answers passes too.
    for layer in (
        ExactAllow(),
        SameOrigin(settings.public_url),
        NoNulInUrl(),
        SaneHost(),
        SecurityHeaders(is_https=settings.secure_cookies),
        HeadAsGet(),
        Telemetry(),
    ):
        app.asgi_handler = layer(app.asgi_handler)
    app.asgi_handler = FastLane(app.asgi_handler, is_https=settings.secure_cookies)
    return app


def state_of(settings: Settings) -> State:
    """All that the application keeps while it runs; everything else in it is the same for all."""
    database = Database(settings.database)
    return State(
        {
            "settings": settings,
            "database": database,
            "finder": finder_of(database),
            "jinja": Jinja(),
            **authentication.collaborators(settings),
        }
    )
