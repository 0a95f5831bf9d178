"""What can go wrong when activity is asked for."""

from __future__ import annotations

from app.errors import Invalid


class ActivityKindUnknown(Invalid):
    code = "activity_kind_unknown"
    title = "There is no such kind of activity"
    advice = "Ask for `versions`, `labels`, `comments` or `changes`."
