"""What stands above every page of a prompt's history."""

from __future__ import annotations

from typing import Any

from app.domain.prompts import views as prompt_views
from app.domain.prompts.deps import Desk
from app.domain.prompts.ports import Standing
from app.domain.prompts.service import Opened


def head(desk: Desk, opened: Opened, standing: Standing) -> dict[str, Any]:
    """The context of prompts/_head.html."""
    return {
        "prompt": prompt_views.prompt(opened),
        **prompt_views.rights(desk.caller),
        **standing.head,
        "here": desk.rooms.people([opened.branch.id]).get(opened.branch.id, ()),
    }
