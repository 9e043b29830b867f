"""Workflows of three steps that do nothing, by DBOS Transact.

A program for the peer's own Python: a job as JSON comes in, what was seen goes out.
"""

import json
import sys
import threading

from dbos import DBOS


@DBOS.step()
def first(of: str) -> dict[str, str]:
    return {"of": of}


@DBOS.step()
def second(of: str) -> dict[str, str]:
    return {"of": of}


@DBOS.step()
def third(of: str) -> dict[str, str]:
    return {"of": of}


@DBOS.workflow()
def walk(of: str) -> dict[str, str]:
    first(of)
    second(of)
    return third(of)


def crowd(callers: int, runs: int) -> None:
    """So many threads call the workflow, one time after the other."""

    def go() -> None:
        for number in range(runs // callers):
            assert walk(str(number)) == {"of": str(number)}

    threads = [threading.Thread(target=go) for _ in range(callers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def main() -> None:
    """Be the program."""
    job = json.loads(sys.stdin.readline())
    DBOS(
        config={"name": "bench", "system_database_url": job["dsn"], "log_level": "ERROR", "console_log_level": "ERROR"}
    )
    DBOS.launch()
    crowd(job["callers"], job["warm_runs"])
    print(json.dumps({"ready": True}), flush=True)
    sys.stdin.readline()
    crowd(job["callers"], job["runs"])
    print(json.dumps({"runs": job["runs"]}), flush=True)
    sys.stdin.readline()
    DBOS.destroy()


if __name__ == "__main__":
    main()
