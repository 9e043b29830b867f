"""Models as a table, and a probe of one as a sentence.

Nothing here prints or asks a service.
"""

from typing import Final

from cli.views.words import count, money
from soma.chat.v1 import model_service_pb2 as model_pb

HEADINGS: Final = (
    "ID",
    "PROVIDER",
    "MODEL",
    "WINDOW",
    "OUTPUT",
    "IN / 1M",
    "OUT / 1M",
    "TOOLS",
    "DEFAULT",
    "FALLBACKS",
)


def row(model: model_pb.ModelProfile) -> tuple[str, ...]:
    """One model under the headings."""
    return (
        model.model_profile_id,
        model.provider,
        model.model,
        count(model.window_tokens),
        count(model.max_output_tokens),
        money(model.price.input_micros_per_million),
        money(model.price.output_micros_per_million),
        "yes" if model.tools else "no",
        "yes" if model.tenant_default else "",
        ", ".join(model.fallback_profile_ids),
    )


def verdict(model_id: str, probe: model_pb.ProbeModelResponse) -> str:
    """Whether a model answers, and how fast, in one sentence."""
    if not probe.reachable:
        return f"{model_id} does not answer: {probe.error_sentence or probe.error_reason}"
    first = probe.first_token_latency.ToMilliseconds()
    total = probe.total_latency.ToMilliseconds()
    used = probe.usage
    return (
        f"{model_id} answers: first word after {first} ms, all after {total} ms, "
        f"{used.input_tokens} tokens in, {used.output_tokens} out."
    )


def added(model: model_pb.ModelProfile) -> str:
    """What was added, and whether it answers from now on."""
    role = "and answers from now on" if model.tenant_default else "and answers when it is named"
    return f"{model.model_profile_id} ({model.provider}) was added {role}. Trying it …"


def backed(model: model_pb.ModelProfile) -> str:
    """Who answers in its place, in one sentence."""
    if not model.fallback_profile_ids:
        return f"Nobody answers in the place of {model.model_profile_id}."
    return f"When {model.model_profile_id} cannot answer: {', then '.join(model.fallback_profile_ids)}."


def touched(model: model_pb.ModelProfile, agents: list[str]) -> str:
    """What removing it touches."""
    parts = [f"This removes the model {model.model_profile_id} ({model.provider}, {model.model})"]
    parts.append(" and its key for good." if model.own_key else ".")
    if model.tenant_default:
        parts.append(" It is the default: the model of the settings, or the offline one, answers afterwards.")
    if agents:
        parts.append(f" These agents name it and cannot answer without it: {', '.join(agents)}.")
    return "".join(parts)
