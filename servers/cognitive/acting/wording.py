"""What was decided of a step, as sentences. Nothing here decides."""

from servers.cognitive.domain.working_memory import SALIENT
from soma.cognitive.v1 import act_service_pb2 as act_pb


def kept(step: act_pb.ActStep) -> str:
    """A step that became a memory."""
    return f"{_worth_keeping(step)}, so it was kept. {_acted(step)}"


def failed(step: act_pb.ActStep, why: str) -> str:
    """A step that memory did not take; `why` is a sentence."""
    return f"{_worth_keeping(step)}, but it was not kept: {why} {_acted(step)}"


def would_be_kept(step: act_pb.ActStep) -> str:
    """A step worth keeping, of an action that shall store nothing."""
    return f"{_worth_keeping(step)}, so it would be kept. {_acted(step)}"


def kept_before(step: act_pb.ActStep) -> str:
    """A step that is a memory already."""
    return f"{_held(step)}; it is a memory already. {_acted(step)}"


def not_kept(step: act_pb.ActStep) -> str:
    """A step that does not matter enough."""
    return f"{_held(step)}, so it was not kept. {_acted(step)}"


def _worth_keeping(step: act_pb.ActStep) -> str:
    """Below the gate is kept only what is promoted."""
    if step.salience >= step.store_threshold:
        return _held(step)
    return f"{_held(step)}, but it was met at {SALIENT:.2f} or more before"


def _held(step: act_pb.ActStep) -> str:
    how = "reaches" if step.salience >= step.store_threshold else "is below"
    return f"Salience {step.salience:.2f} {how} {step.store_threshold:.2f}"


def _acted(step: act_pb.ActStep) -> str:
    if step.acted:
        return f"It is worth acting on, as it reaches {step.act_threshold:.2f}."
    return f"It is not worth acting on, as it is below {step.act_threshold:.2f}."
