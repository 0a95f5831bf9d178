"""What several requests could want at the same moment, and why that ends well.

Every unique constraint but that of a random `id` is listed. A new one needs a reason: either the
service turns the refusal into its own error (`app.db.races.claim`, with a test in
`tests/server/test_races.py`), or something keeps two from inserting at once.
"""

from __future__ import annotations

CLAIMED = "races.claim"
CHOSEN = {"comments"}  # whoever sends a row of these may choose its id

UNIQUES = {
    "acknowledgements: prompt_id": "the prompt's row is locked",
    "api_keys: secret_hash": "random; the one of an installation is inserted under its lock",
    "branches: prompt_id, name": "made with its prompt",
    "changes: workspace_id, seq": "numbered under the workspace's lock, at the commit",
    "comments: id": CLAIMED,
    "comments: thread_id, number": "the lock of the prompt's threads is held",
    "follows: user_id, prompt_id": "what is there already is left, or changed in place",
    "folders: workspace_id, path": "the workspace's lock on folders is held",
    "inclusions: prompt_id, number, name, label": "with a new version, or under the index's lock; "
    "a rename that comes second leaves it to the index",
    "import_pieces: import_id, number": "written by the one request that brings the files",
    "invitations: secret_hash": "random",
    "kept_calls: key_id, name_sha256": "what is there already is left",
    "labels: prompt_id, name": "the prompt's row is locked",
    "members: workspace_id, user_id": CLAIMED,
    "mentions: comment_id, user_id": "the lock of the prompt's threads is held",
    "mutes: user_id, subject_id": "what is there already is left",
    "notices: user_id, cause_id": "what is there already is left",
    "notification_settings: user_id, workspace_id": "what is there already is changed in place",
    "old_names: workspace_id, name": "inserted by who leaves the name, which one prompt has",
    "prompt_tags: prompt_id, tag": "the prompt's row is locked, or is new",
    "prompts: workspace_id, name": CLAIMED,
    "reactions: comment_id, name, actor": "the lock of the prompt's threads is held",
    "room_authors: document_id, client, start": "whoever replaced the snapshot holds its row",
    "room_journal: document_id, seq": "the document's row is locked, its number conditional",
    "room_snapshots: document_id": "the document's row is locked, or is new",
    "stars: user_id, prompt_id": "the lock of the person's bookmarks is held",
    "search_entries: prompt_id": "the lock of the workspace's index is held",
    "search_entries: workspace_id, number": "the lock of the workspace's index is held",
    "search_shelves: number": "counted by the database",
    "search_shelves: workspace_id": "the lock of the workspace's index is held",
    "search_terms: workspace_id, term": "the lock is held, and what is there already is left",
    "sessions: secret_hash": "random",
    "thread_reads: thread_id, reader": "what is there already is moved on instead",
    "threads: prompt_id, number": "the lock of the prompt's threads is held",
    "users: email": CLAIMED,
    "versions: prompt_id, number": "the prompt's row is locked",
    "worker_jobs: name": "one process leads",
    "workspaces: slug": "the lock workspace-slug is held",
}
