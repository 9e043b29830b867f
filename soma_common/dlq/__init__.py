"""Dead letters: events whose effect failed, kept until they succeed or a person gives them up."""

from soma_common.dlq.handler import DLQHandler
from soma_common.dlq.policy import LetterPolicy, WhenParked

__all__ = ["DLQHandler", "LetterPolicy", "WhenParked"]
