"""What can go wrong with files that come in and go out."""

from __future__ import annotations

from app.errors import Invalid


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
