"""A real HTTP process that speaks the OpenAI API and does what its script says."""

from soma_common.testing.upstream.process import AsyncControl, ScriptedUpstream
from soma_common.testing.upstream.records import ReceivedRequest, Totals
from soma_common.testing.upstream.script import Continues, Fault, FaultKind, Script, ToolCall, UsageFigures

__all__ = [
    "AsyncControl",
    "Continues",
    "Fault",
    "FaultKind",
    "ReceivedRequest",
    "Script",
    "ScriptedUpstream",
    "ToolCall",
    "Totals",
    "UsageFigures",
]
