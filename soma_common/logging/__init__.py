"""What a process says about itself: structured lines for machines, a readable face for people, no secrets in either."""

from soma_common.logging.config import configure_logging, get_logger
from soma_common.logging.formatters import SomaStackFormatter, SomaStackJSONFormatter

__all__ = ["SomaStackFormatter", "SomaStackJSONFormatter", "configure_logging", "get_logger"]
