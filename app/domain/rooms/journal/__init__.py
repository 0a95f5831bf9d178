"""What is on disk of a document, and what brings it there and back.

`journal` appends, through the store of either database; `log` loads, compacts and quarantines. The
flight recorder tells after a crash which update was being applied.
"""
