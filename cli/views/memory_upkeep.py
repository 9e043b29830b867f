"""Sweeps, consolidations, quarantines, erasures and figures as rows and sentences.

Nothing here prints or asks a service.
"""

from collections.abc import Iterator
from typing import Final

from cli.views.memory import memories
from cli.views.words import NONE, count, enum_word, moment, one_line
from soma.common.v1 import erasure_pb2 as common_pb
from soma.memory.v1 import erasure_pb2 as erasure_pb
from soma.memory.v1 import transfer_pb2 as transfer_pb
from soma.memory.v1 import upkeep_pb2 as upkeep_pb

SWEEP_HEADINGS: Final = ("LEFT", "WHY", "TEXT", "ID")
CONSOLIDATION_HEADINGS: Final = ("STATE", "SOURCES", "FACTS", "HOW", "STARTED", "ID")
QUARANTINE_HEADINGS: Final = ("STATE", "WHAT", "MEMORIES", "WHY", "SINCE", "ID")
STATS_HEADINGS: Final = ("NAMESPACE", "MEMORIES", "TOKENS", "PENDING", "PINNED", "HIDDEN", "RESTING", "NEWEST")
ERASURE_HEADINGS: Final = ("HOUSE", "STORE", "STATE", "ERASED", "LEFT", "WHAT IS LEFT AND WHY")
_TEXT: Final = 60


def swept(answer: upkeep_pb.SweepMemoriesResponse) -> str:
    """How many a sweep takes."""
    return memories(answer.swept_count)


def swept_row(memory: upkeep_pb.SweptMemory) -> tuple[str, ...]:
    """A memory that a sweep takes, and why."""
    return f"{memory.retention:.3f}", memory.sentence, one_line(memory.excerpt, _TEXT), memory.memory_id


def consolidation_row(found: upkeep_pb.Consolidation) -> tuple[str, ...]:
    """A consolidation in a list."""
    started = moment(found, "start_time")
    numbers = count(found.source_count), count(found.fact_count)
    return _state(found), *numbers, found.method, started, found.consolidation_id


def consolidation_lines(found: upkeep_pb.Consolidation) -> Iterator[tuple[str, str]]:
    """Everything that is known of a consolidation."""
    known = [
        ("id", found.consolidation_id),
        ("namespace", found.namespace),
        ("state", _state(found)),
        ("what happened", found.sentence),
        ("looked at", count(found.source_count)),
        ("resting", count(found.rested_count)),
        ("facts", count(found.fact_count)),
        ("coverage", f"{found.coverage:.0%}"),
        ("how", found.method),
        ("tokens", count(found.used_tokens)),
        ("can be undone until", moment(found, "undo_until_time")),
    ]
    return ((name, value) for name, value in known if value not in ("", NONE))


def _state(found: upkeep_pb.Consolidation) -> str:
    return enum_word(upkeep_pb.ConsolidationState.DESCRIPTOR, found.state, "CONSOLIDATION_STATE_")


def quarantine_row(found: upkeep_pb.Quarantine) -> tuple[str, ...]:
    """A quarantine in a list."""
    state = "LIFTED" if found.HasField("end_time") else "HIDES"
    since = moment(found, "start_time")
    return (
        state,
        _subject(found.subject),
        count(found.memory_count),
        one_line(found.reason, _TEXT) or NONE,
        since,
        found.quarantine_id,
    )


def _subject(subject: upkeep_pb.QuarantineSubject) -> str:
    name = subject.WhichOneof("subject") or ""
    return f"{name.removesuffix('_id')} {getattr(subject, name) if name else ''}"


def touched_of_quarantine(subject: upkeep_pb.QuarantineSubject) -> str:
    """What a quarantine touches."""
    what = f"{_subject(subject)} with everything that was made of it"
    return f"This hides {what}; recall does not find it until it is restored."


def hidden(done: upkeep_pb.QuarantineSourceResponse) -> Iterator[str]:
    """What a quarantine hides and who had used it."""
    yield f"Hidden: {memories(done.quarantine.memory_count)}, under quarantine {done.quarantine.quarantine_id}"
    if not done.turn_ids:
        yield "No turn had used them."
        return
    turns = "1 turn" if len(done.turn_ids) == 1 else f"{count(len(done.turn_ids))} turns"
    yield f"{turns} had used them; `somastack receipt show ID` tells how:"
    yield from (f"  {turn_id}" for turn_id in done.turn_ids)


def stats_row(found: transfer_pb.NamespaceStats) -> tuple[str, ...]:
    """Figures of a namespace."""
    numbers = (
        *(found.memory_count, found.token_count, found.pending_count),
        *(found.pinned_count, found.quarantined_count, found.resting_count),
    )
    return found.namespace, *(count(number) for number in numbers), moment(found, "newest_learn_time")


def stats_lines(found: transfer_pb.GetMemoryStatsResponse) -> Iterator[str]:
    """What holds for all namespaces."""
    up = "answers" if found.vector_index_up else "does not answer; words, links and times still find"
    yield f"Vectors by {found.embedding_version}; the index {found.vector_index} {up}."
    of = f" of {count(found.daily_limit)}" if found.daily_limit else ""
    yield f"Stored today: {count(found.stored_today)}{of}."


def rebuilt(last: transfer_pb.RebuildIndexResponse, *, dry_run: bool) -> str:
    """How a comparison of the index with the database ended."""
    found = (
        f"{count(last.missing_count)} vectors were missing or other, {count(last.surplus_count)} belonged to nothing"
    )
    if dry_run:
        return f"Compared {count(last.compared_count)}: {found}."
    equal = "The index now equals the database." if last.equal else "The index still differs; run it again."
    return f"Compared {count(last.compared_count)}: {found}. {equal}"


def erasure_row(store: common_pb.StoreErasure) -> tuple[str, ...]:
    """What became of a person in one store."""
    state = enum_word(common_pb.ErasureState.DESCRIPTOR, store.state, "ERASURE_STATE_")
    due = f" By {moment(store, 'due_time')}." if store.HasField("due_time") else ""
    left = f"{store.sentence}{due}" or NONE
    return store.house, store.store, state, count(store.erased_count), count(store.found_count), left


def erasure_end(found: erasure_pb.Erasure) -> str:
    """How far an erasure is."""
    if found.done:
        # The report names nobody any more.
        return "The person is forgotten. What is left, if anything, stands above with why and until when."
    return f"The erasure goes on. Look again with: somastack memory erasure {found.erasure_id}"


def touched_of_person(sub: str) -> str:
    """What forgetting a person touches."""
    return (
        f"This erases for good what {sub} said and what is remembered of {sub} in every house: memories, messages, "
        "turns, what was still to be told. It cannot be undone."
    )
