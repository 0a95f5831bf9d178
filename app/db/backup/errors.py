"""What can go wrong; the details are halves of sentences that `server.backups` completes."""

from __future__ import annotations

from app.errors import Conflict, Invalid, Unavailable


class BackupFailed(Unavailable):
    code = "backup_failed"
    title = "The backup could not be made"
    advice = "Look into the log for the cause, see to it, and make the backup again."


class BackupUnreadable(Invalid):
    """Cut short, damaged, or never a backup; nothing of it was kept."""

    code = "backup_unreadable"
    title = "This is no whole backup"
    advice = "Take another copy of the file, or an older backup."


class BackupTooNew(Conflict):
    code = "backup_too_new"
    title = "A newer release made this backup"
    advice = "Restore it with the release that made it, or a later one."


class RestoreRefused(Conflict):
    """The place to restore into is not empty, or not a place for it at all."""

    code = "restore_refused"
    title = "Nothing was restored"
    advice = "Restore into an empty data folder or an empty database."


class RestoreFailed(Unavailable):
    """What was read back is not what the backup holds; nothing of it was kept."""

    code = "restore_failed"
    title = "The backup could not be restored"
    advice = "Look into the log for the cause, then restore again into an empty place."
