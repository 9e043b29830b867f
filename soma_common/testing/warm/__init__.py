"""Programs of this repository as processes that need not import anything: one that has done so forks for each."""

from soma_common.testing.warm.process import WarmProcess
from soma_common.testing.warm.program import Program
from soma_common.testing.warm.starting import run_warm, start_warm

__all__ = ["Program", "WarmProcess", "run_warm", "start_warm"]
