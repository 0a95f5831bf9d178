"""What can go wrong with threads and comments."""

from __future__ import annotations

from app.errors import Conflict, Forbidden, Gone, Invalid, InvalidFields, NotFound


class ThreadNotFound(NotFound):
    """Also for a thread of another workspace, and for one whose comments were all deleted."""

    code = "thread_not_found"
    title = "No thread is at this address"


class CommentNotFound(NotFound):
    """Also for a comment of another workspace."""

    code = "comment_not_found"
    title = "No comment is at this address"


class CommentDeleted(Gone):
    code = "comment_deleted"
    title = "This comment was deleted"


class CommentNotYours(Forbidden):
    """Only its author changes a comment; its author or an admin deletes it."""

    code = "comment_not_yours"
    title = "Somebody else wrote this"


class CommentIdTaken(Conflict):
    """The id that was sent along belongs to another comment: nothing was written."""

    code = "comment_id_taken"
    title = "Another comment has this id"


class TooManyComments(Conflict):
    code = "too_many_comments"
    title = "There is no room for more"


class CommentInvalid(InvalidFields):
    """A comment cannot say this."""

    code = "comment_invalid"


class AnchorInvalid(InvalidFields):
    """No span that a thread can be on."""

    code = "anchor_invalid"


class QuoteNotFound(Invalid):
    """The text does not hold the words that a thread was to be on."""

    code = "quote_not_found"
    title = "These words are not in the text"


class MentionRefused(Invalid):
    """Somebody was mentioned who cannot open the prompt; `user_ids` says who."""

    code = "mention_without_access"
    title = "Somebody mentioned here cannot open this prompt"


class ReactionUnknown(NotFound):
    code = "reaction_unknown"
    title = "There is no such reaction"
