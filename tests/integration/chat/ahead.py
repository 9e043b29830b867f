"""What every process of chat loads at its start and never changes, for a process that forks them."""

from soma_common.tokens import tokenizer_for
from tests.integration.chat.stack import MODEL


def load_tokens() -> None:
    """The table of the tokenizer of the stack's model."""
    tokenizer_for(MODEL).load()
