"""The rules that every update passes before the CRDT library sees it.  Pure.

`guard` decides, by what is known of a document: the order of its blocks, who wrote which, what is
deleted, and what an author must have seen. `keystroke` is its short way, `draft` its long one;
`quarantine` knows again what hurt the library once.
"""
