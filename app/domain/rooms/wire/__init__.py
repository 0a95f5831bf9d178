"""What crosses a room's socket, as bytes: read within bounds, written once.  Pure.

`encoding` is lib0, `protocol` the frames, `updates` and `awareness` what is in them; `refusal` says
why bytes are not taken.
"""
