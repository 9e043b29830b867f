"""A text that is edited in the person's editor, and kept where what becomes of it is refused.

Nothing here knows what the text says.
"""

import os
import shlex
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cli.exits import CommandError, Exit
from cli.render import Progress
from soma_common.kernel.errors import SomaError


@contextmanager
def edited(text: str, editor: str) -> Iterator[str]:
    """Gives the text as it was left. Raises CommandError if the editor fails; keeps the file if the block does."""
    descriptor, name = tempfile.mkstemp(prefix="somastack-", suffix=".conf")
    path, kept = Path(name), False
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        _run(editor, name)
        after = path.read_text("utf-8", "replace")
        try:
            yield after
        except (SomaError, CommandError):
            kept = after != text
            raise
    finally:
        if kept:
            Progress().note(f"What you wrote is in {name}; `config set --from {name}` tries it again.")
        else:
            path.unlink(missing_ok=True)


def _run(editor: str, name: str) -> None:
    try:
        code = subprocess.run([*shlex.split(editor), name], check=False).returncode
    except (OSError, ValueError) as problem:
        raise CommandError(
            f"The editor “{editor}” does not start: {problem}. Name another with --editor.", Exit.WRONG_USE
        ) from None
    if code:
        raise CommandError(f"The editor ended with {code}, so nothing was changed.")
