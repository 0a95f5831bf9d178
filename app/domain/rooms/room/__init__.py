"""One live document and the people in it: what is accepted, what is told to whom, and when.

Nothing here knows a socket, a database or another room; what it needs of those it asks its `host`.
"""
