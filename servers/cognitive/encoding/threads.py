"""Threads and options as messages. Nothing is decided here."""

from datetime import datetime

from servers.cognitive.domain.threads import Heading, Option
from servers.cognitive.thoughts.store import Kept, Listed
from servers.cognitive.thoughts.threads import Change
from soma.cognitive.v1 import thread_service_pb2 as thread_pb


def option_message(option: Option) -> thread_pb.ThreadOption:
    """One option."""
    message = thread_pb.ThreadOption(
        option_id=str(option.option_id), text=option.text, score=option.score, reason=option.reason
    )
    if option.taken_time is not None:
        message.taken_time.FromDatetime(option.taken_time)
    return message


def thread_message(kept: Kept) -> thread_pb.Thread:
    """A thread with its options."""
    thread = kept.thread
    message = _headed(thread.heading, thread.version, thread.update_time)
    message.options.extend(option_message(option) for option in thread.options)
    message.cursor, message.exhausted, message.current = thread.cursor, thread.exhausted, kept.current
    return message


def moved_message(change: Change) -> thread_pb.Thread:
    """A thread after a move."""
    return thread_message(Kept(change.after, change.current))


def listed_message(listed: Listed) -> thread_pb.Thread:
    """A thread without its options."""
    message = _headed(listed.heading, listed.version, listed.update_time)
    message.cursor, message.exhausted, message.current = listed.cursor, listed.exhausted, listed.current
    return message


def _headed(heading: Heading, version: int, update_time: datetime) -> thread_pb.Thread:
    message = thread_pb.Thread(
        thread_id=str(heading.thread_id),
        agent_id=str(heading.agent_id),
        goal=heading.goal,
        version=version,
        method=heading.method,
    )
    message.create_time.FromDatetime(heading.create_time)
    message.update_time.FromDatetime(update_time)
    return message
