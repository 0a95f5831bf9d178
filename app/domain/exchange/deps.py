"""How handlers get this slice's services."""

from __future__ import annotations

from litestar.datastructures import State
from litestar.di import NamedDependency, Provide

from app.domain.exchange.imports.running import Imports

ImportsDep = NamedDependency[Imports]


async def provide_imports(state: State) -> Imports:
    imports: Imports = state.imports
    return imports


PROVIDERS = {"imports": Provide(provide_imports)}
