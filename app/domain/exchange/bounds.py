"""How much of a file is looked at; each with its reason."""

from __future__ import annotations

FILE_BYTES = 4 * 1024 * 1024  # a 2 MiB text as JSON with escapes
YAML_BYTES = 512 * 1024  # its parser is pure Python: about two seconds of one core
YAML_NODES = 20_000  # values in one file, so that tiny ones cannot add up
DEEPEST = 64  # lists and objects within one another, as in a prompt's config
MOST_IN_FILE = 2_000  # prompts in one file of another tool; an archive has no such bound
PAGE_BYTES = 32 * 1024 * 1024  # brought on a page at once; the API and the command take more
MOST_FILES = 100  # at once
MOST_PACKED = 1_000  # files with prompts in one ZIP; a page shows a line for each
