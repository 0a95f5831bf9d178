"""What can go wrong with making a demo workspace."""

from __future__ import annotations

from app.errors import Conflict


class DemoExists(Conflict):
    code = "demo_exists"
    title = "The demo workspace is there already"
    advice = "Open it, or delete it first."
