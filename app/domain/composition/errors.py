"""What can go wrong with prompts that include each other, beside what fetching says."""

from __future__ import annotations

from app.errors import Conflict


class StillIncluded(Conflict):
    """Other prompts include this one under the label; `dependants` names them.

    Programs that fetch those would get an error. `confirm=true` takes the label off all the same.
    """

    code = "still_included"
    title = "Other prompts include this one"
    advice = "Release those in `dependants` without it first, or send `confirm=true`."
