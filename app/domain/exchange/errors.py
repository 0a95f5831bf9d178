"""What can go wrong with files that come in and go out."""

from __future__ import annotations

from app.errors import Conflict, Invalid, NotFound, Unavailable


class FileInvalid(Invalid):
    """A file cannot be read; says in which line, and what to do. Nothing of it is imported."""

    code = "import_file_invalid"
    title = "This file cannot be imported"
    advice = "Correct the file at the `line` and `column` that the answer names."

    def __init__(self, problem: str, file: str, line: int = 0, column: int = 0) -> None:
        """`problem` is a sentence; `line` and `column` count from 1, 0 = not known."""
        place = file
        if line:
            place += f", line {line}" + (f", column {column}" if column else "")
        super().__init__(f"{place}: {problem}", file=file, line=line, column=column)
        self.file, self.line, self.column, self.problem = file, line, column, problem


class FormatUnknown(Invalid):
    code = "import_format_unknown"
    title = "This is no file of a format that is known"
    advice = "Name the file as its tool does, or convert it to a format that is known."


class ExportImpossible(Invalid):
    """The prompt says something that the format has no words for."""

    code = "export_impossible"
    title = "This format cannot hold this prompt"
    advice = "Choose another format, or take what the detail names out of the prompt."


class ImportRefused(Invalid):
    """Nothing was imported, or nothing after what is there already."""

    code = "import_refused"
    title = "This cannot be imported"
    advice = "Do what the detail says, then import again: what is there stays as it is."


class ImportNotFound(NotFound):
    """Also for somebody else's."""

    code = "import_not_found"
    title = "No import is at this address"
    advice = "List your imports; they are kept for a day. Or begin again with the file."


class ImportRuns(Conflict):
    code = "import_runs"
    title = "This import runs already"
    advice = "Wait until it ends; its page shows how far it is."


class ImportsBusy(Unavailable):
    """As many imports as a worker does at once are waiting."""

    code = "imports_busy"
    title = "The server is importing for others"
    advice = "Try again in half a minute. What was uploaded is kept."
    retry_after = 30
