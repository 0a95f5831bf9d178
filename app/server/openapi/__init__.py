"""The REST API as a whole: its description in OpenAPI, and the pages about it for people.

`description` completes what the framework says about the slices' handlers, with `links`, `parts`
and `shapes`; `reference` and `error_codes` gather it for `pages`.
"""
