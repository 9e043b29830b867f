"""`python -m soma_common.testing.warm DESCRIPTOR`: forks for whoever is at the other end of that socket."""

import os
import runpy
import socket
import sys
import types

from soma_common.testing.warm.nursery import Nursery, take_streams
from soma_common.testing.warm.program import Program


def become(program: Program) -> None:
    """Run it as if Python had been started for it."""
    os.environ.clear()
    os.environ.update(program.environment)
    os.chdir(program.folder)
    take_streams()
    sys.argv[:] = [program.script or program.module, *program.words]
    if program.script:
        sys.modules["__main__"] = types.ModuleType("__main__")
        runpy.run_path(program.script, run_name="__main__")
    else:
        # What was imported ahead under its own name is not the program that runs.
        for name in (program.module, f"{program.module}.__main__"):
            if not hasattr(sys.modules.get(name), "__path__"):
                sys.modules.pop(name, None)
        runpy.run_module(program.module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    found = Nursery(socket.socket(fileno=int(sys.argv[1]))).next_program()
    if found is not None:
        become(found)
