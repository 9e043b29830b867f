"""Starts and stops the LiteLLM proxy, in an environment of its own: with a key, without a database.

Knows nothing of what is measured.
"""

import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from bench.arms.arm import Arm, ArmMissingError, end
from bench.arms.environment import environment
from bench.load.job import Door

# The newest release whose "proxy" extra names only packages that are published.
VERSION: Final = "1.108.7"
_KEY: Final = "sk-bench-master"
_START_SECONDS: Final = 120.0
_QUIET: Final = {
    "LITELLM_MODE": "PRODUCTION",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "LITELLM_LOG": "ERROR",
    "LITELLM_TELEMETRY": "False",
    "PYTHON_DOTENV_DISABLED": "1",
    "DO_NOT_TRACK": "1",
}


def _configuration(base_url: str) -> dict[str, object]:
    parameters = {"model": "openai/scripted", "api_base": base_url, "api_key": "sk-bench-upstream"}
    return {
        "model_list": [{"model_name": "scripted", "litellm_params": parameters}],
        "general_settings": {"master_key": _KEY},
        "litellm_settings": {"telemetry": False},
    }


@contextmanager
def litellm_proxy(base_url: str, workers: int) -> Iterator[Arm]:
    """The proxy in front of an upstream. Raises ArmMissingError when it cannot be had or does not start."""
    folder = environment(f"litellm-{VERSION}", f"litellm[proxy]=={VERSION}")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    configuration = folder / f"config-{port}.yaml"
    configuration.write_text(json.dumps(_configuration(base_url)))
    command = [str(folder / "bin" / "litellm"), "--config", str(configuration), "--host", "127.0.0.1"]
    command += ["--port", str(port), "--num_workers", str(workers), "--telemetry", "False"]
    # On a slow start the default of 5 s makes workers kill one another.
    command += ["--timeout_worker_healthcheck", "120"] if workers > 1 else []
    log = folder / f"proxy-{port}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env={**os.environ, **_QUIET})
    try:
        _wait_ready(process, port, log)
        door = {Door.OPENAI: f"http://127.0.0.1:{port}/v1"}
        yield Arm(f"LiteLLM proxy, {workers} worker{'s' * (workers > 1)}", "litellm", door, (_KEY,), (process.pid,))
    finally:
        end(process)
        configuration.unlink()
        log.unlink()


def _wait_ready(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        with suppress(OSError, urllib.error.URLError):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/liveliness", timeout=2) as reply:
                reply.read()
            return
        time.sleep(0.5)
    raise ArmMissingError(f"the LiteLLM proxy does not serve: {log.read_text(errors='replace')[-300:]}")
