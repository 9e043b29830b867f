"""Every reason of an error as a page: what it is at each door, its sentence, its metadata.

Nothing here makes an error but examples.
"""

import json
import re
from typing import Final

from cli.failures import code_of
from edge.problems import status_of, to_openai_problem
from edge.sockets import close_code
from soma_common.kernel.errors import SomaError
from soma_common.kernel.reasons import REASONS, Reason
from soma_common.rpc.status import code_number
from tools.contracts.comments import comments
from tools.reference.markdown import code, page, plain, table

_ABOUT: Final = """\
Every failure has a reason, and every reason one sentence, which is the same at every door. Programs decide by the
reason, people read the sentence: it says what happened and what to do.

- **gRPC**: a status whose `google.rpc.ErrorInfo` has the reason, the domain `soma` and the metadata; broken rules stand
  in `BadRequest`, limits in `QuotaFailure`, the time to wait in `RetryInfo`.
- **REST**: `{"error": {"code", "message", "kind", "details", "violations", "quota", "retry_after"}}` and the HTTP
  status; the time to wait is the header `Retry-After` as well.
- **OpenAI**: `{"error": {"message", "type", "param", "code"}}` and the same HTTP status.
- **WebSocket**: the frame `error` with `code`, `message`, `details`, `retry_after`; a turn that had begun ends with
  `chat.failed`. A connection that may not begin is closed with the code below.
- **Command line**: the sentence on standard error and the exit code.

What ends a turn after its first event is the event `failed` of the turn, with reason, sentence and metadata."""
_EXAMPLE: Final = re.compile(r"^(.*?)\s*Metadata: (\{.*\})\s*$", re.DOTALL)
_OTHER_CLOSES: Final = """\
## Other ends of a WebSocket

| Code | Meaning |
| --- | --- |
| 1012 | The server restarts; connect again after two seconds and resume. |
| 1013 | The reader is too slow; connect again and resume from the last sequence. |
| 1009 | A message of more than 512 KiB or 4,096 fragments. |
| 4001 | The token has expired or was revoked, or its session was ended. |
| 4009 | The client came back by another connection (the subprotocol `soma-client.<name>`). |
| 4029 | Far too many frames a second; wait as long as `retry_after` of the last `error` says. |"""


def examples() -> dict[Reason, tuple[str, dict[str, str]]]:
    """Every reason with what the contract says of it and its example of metadata."""
    said = comments()
    found = {}
    for reason in Reason:
        comment = said[f"soma.common.v1.ErrorReason.ERROR_REASON_{reason}"]
        shown = _EXAMPLE.match(comment)
        if shown is None:
            raise SystemExit(
                f"The contract shows no metadata for {reason}. Add a line “Metadata: {{…}}” to its comment."
            )
        found[reason] = (shown[1], dict(json.loads(shown[2])))
    return found


def errors_page() -> str:
    """The page."""
    errors = {reason: (words, SomaError(reason, metadata)) for reason, (words, metadata) in examples().items()}
    rows = [_row(error) for _, error in errors.values()]
    headings = ("Reason", "gRPC", "HTTP", "OpenAI `type`", "OpenAI `code`", "WebSocket", "Exit code")
    sections = [_section(words, error) for words, error in errors.values()]
    return page("Errors", _ABOUT, table(headings, rows), _OTHER_CLOSES, "## Reasons", *sections)


def _row(error: SomaError) -> tuple[str, ...]:
    theirs = to_openai_problem(error)["error"]
    assert isinstance(theirs, dict)
    return (
        f"[{error.reason}](#{error.reason.lower()})",
        f"{code_number(error.kind)} {error.kind}",
        str(status_of(error)),
        str(theirs["type"]),
        str(theirs["code"]),
        str(close_code(error)),
        str(int(code_of(error))),
    )


def _section(words: str, error: SomaError) -> str:
    template = REASONS[error.reason].sentence
    lines = [f"> {plain(error.sentence)}"]
    if error.metadata:
        lines += ["", f"Metadata: {code(json.dumps(dict(error.metadata), ensure_ascii=False))}"]
    if template != error.sentence:
        lines += ["", f"Sentence: {code(template)}"]
    return f"### {error.reason}\n\n{plain(words)}\n\n" + "\n".join(lines)
