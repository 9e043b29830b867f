"""Pages of logs whose lines have dense versions, newest first."""

from servers.cognitive.keeping.states import NEWEST
from soma_common.kernel.paging import Page, unreadable_token


def version_before(page: Page) -> int | None:
    """The version before which a page begins; None for the first. Raises INVALID_FIELD for a place that is none."""
    match page.after:
        case None:
            return None
        case (int(version),) if 0 < version <= NEWEST:
            return version
    raise unreadable_token()
