"""The error where a model stands at an address that may not be called."""

from servers.chat.domain.model import ModelProfile
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import Reason
from soma_common.rpc.guarded_http import refusal_in


def refused_address(profile: ModelProfile, failure: BaseException) -> SomaError | None:
    """The error where a failure came of an address that is not allowed, else None."""
    refusal = refusal_in(failure)
    if refusal is None:
        return None
    return SomaError(Reason.MODEL_ADDRESS_REFUSED, {"model": profile.profile_id, "problem": refusal.problem})
