"""Quarantines as the contract has them."""

from servers.memory.domain.quarantine import Hidden, Quarantine, Suspect
from servers.memory.encoding.memories import stamp
from soma.memory.v1 import upkeep_pb2 as upkeep_pb


def quarantine_message(quarantine: Quarantine) -> upkeep_pb.Quarantine:
    """A quarantine as the contract has it."""
    return upkeep_pb.Quarantine(
        quarantine_id=str(quarantine.quarantine_id),
        subject=_subject(quarantine.suspect),
        reason=quarantine.reason,
        owner_sub=quarantine.owner_sub,
        start_time=stamp(quarantine.start_time),
        end_time=None if quarantine.end_time is None else stamp(quarantine.end_time),
        memory_count=quarantine.memory_count,
    )


def hidden_message(hidden: Hidden) -> upkeep_pb.QuarantineSourceResponse:
    """What a new quarantine hides."""
    return upkeep_pb.QuarantineSourceResponse(
        quarantine=quarantine_message(hidden.quarantine),
        turn_ids=[str(turn_id) for turn_id in hidden.turn_ids],
        memory_ids=[str(memory_id) for memory_id in hidden.memory_ids],
    )


def restored_message(quarantine: Quarantine, restored: int) -> upkeep_pb.RestoreSourceResponse:
    """What came back."""
    return upkeep_pb.RestoreSourceResponse(quarantine=quarantine_message(quarantine), restored_count=restored)


def _subject(suspect: Suspect) -> upkeep_pb.QuarantineSubject:
    if suspect.memory_id is not None:
        return upkeep_pb.QuarantineSubject(memory_id=str(suspect.memory_id))
    if suspect.conversation_id is not None:
        return upkeep_pb.QuarantineSubject(conversation_id=str(suspect.conversation_id))
    return upkeep_pb.QuarantineSubject(source_id=suspect.source_id or "")
