"""Wake-ups between processes: hints that may be lost, where a lost one costs a look at the table."""

from soma_common.signals.opening import open_signals
from soma_common.signals.port import Signals, SignalsDownError, Subscription, Topic

__all__ = ["Signals", "SignalsDownError", "Subscription", "Topic", "open_signals"]
