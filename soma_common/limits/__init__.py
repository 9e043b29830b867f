"""Rate limits: how often somebody may do something, counted in PostgreSQL or in Redis."""

from soma_common.limits.opening import open_limits
from soma_common.limits.policy import RateLimit
from soma_common.limits.port import Counting, RateLimits, refusal

__all__ = ["Counting", "RateLimit", "RateLimits", "open_limits", "refusal"]
