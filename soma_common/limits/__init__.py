"""Rate limits: how often somebody may do something, counted in PostgreSQL."""

from soma_common.limits.policy import RateLimit
from soma_common.limits.rates import RateLimits

__all__ = ["RateLimit", "RateLimits"]
