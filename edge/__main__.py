"""Composition root of the edge: `python -m edge`.

Reads the settings and runs the process; `serving.py` builds it.
"""

import gc
import sys

import uvloop

from config import SettingsError, load_settings
from config.logs import begin_log
from edge.serving import serve
from edge.settings import EdgeSettings
from soma_common.rpc.address import ListenFailed
from soma_common.security.keys import KeyFileError


def main() -> int:
    """Run the edge to its end; answers the exit code of the process."""
    gc.freeze()  # what was loaded stays for good: a full collection that walks it all would hold every stream up
    try:
        settings = load_settings()
        own = EdgeSettings.from_settings(settings)
        begin_log("edge", settings)
        uvloop.run(serve(own))
    except (SettingsError, ListenFailed, KeyFileError) as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
