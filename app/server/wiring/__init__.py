"""Parts of the program that are put together of several slices: one module for each of them.

`lifespan` starts and stops what lives with the process (the live engine, what programs are answered
from, imports, agents), `routes` hands `ports` to the handlers, `schedule` takes the mail.
"""
