"""What can go wrong with threads and comments."""

from __future__ import annotations

from app.errors import Conflict, Forbidden, Gone, Invalid, InvalidFields, NotFound


class ThreadNotFound(NotFound):
    """Also for a thread of another workspace, and for one whose comments were all deleted."""

    code = "thread_not_found"
    title = "No thread is at this address"
    advice = "List the prompt's threads; it may be deleted."


class CommentNotFound(NotFound):
    """Also for a comment of another workspace."""

    code = "comment_not_found"
    title = "No comment is at this address"
    advice = "List the comments of the thread; it may be deleted."


class CommentDeleted(Gone):
    code = "comment_deleted"
    title = "This comment was deleted"
    advice = "Nothing can be done with it any more. Reply in the thread instead."


class CommentNotYours(Forbidden):
    """Only its author changes a comment; its author or an admin deletes it."""

    code = "comment_not_yours"
    title = "Somebody else wrote this"
    advice = "Reply instead, or ask its author or an admin."


class CommentIdTaken(Conflict):
    """The id that was sent along belongs to another comment: nothing was written."""

    code = "comment_id_taken"
    title = "Another comment has this id"
    advice = "Send another id, or none."


class TooManyComments(Conflict):
    code = "too_many_comments"
    title = "There is no room for more"
    advice = "Start another thread, or delete what is not needed."


class CommentInvalid(InvalidFields):
    """A comment cannot say this."""

    code = "comment_invalid"
    advice = "Send a text that is neither empty nor longer than the detail says."


class AnchorInvalid(InvalidFields):
    """No span that a thread can be on."""

    code = "anchor_invalid"
    advice = "Send a quote that stands in the live text, or no anchor for the whole prompt."


class QuoteNotFound(Invalid):
    """The text does not hold the words that a thread was to be on."""

    code = "quote_not_found"
    title = "These words are not in the text"
    advice = "Get the prompt again, and quote words that stand in its text now."


class MentionRefused(Invalid):
    """Somebody was mentioned who cannot open the prompt; `user_ids` says who."""

    code = "mention_without_access"
    title = "Somebody mentioned here cannot open this prompt"
    advice = "Leave out the people in `user_ids`, or invite them first."


class ReactionUnknown(NotFound):
    code = "reaction_unknown"
    title = "There is no such reaction"
    advice = "React with `agree`, `disagree`, `thanks`, `celebrate`, `looking` or `done`."
