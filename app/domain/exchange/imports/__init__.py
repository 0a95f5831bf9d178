"""What comes in: looked at, decided about and then written, on a page, by a call or a command.

`previewing` says what would happen, `importing` has it happen, `running` does so behind a page.
"""
