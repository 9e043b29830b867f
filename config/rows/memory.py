"""The settings of memory: how much of it a process holds at hand.

Nothing here reads a value.
"""

from pydantic import BaseModel

from config.setting import Count, setting


class Memory(BaseModel):
    """Room for recall."""

    memory_shelf_megabytes: Count | None = setting(
        "SOMA_MEMORY_SHELF_MEGABYTES",
        "How much a process of memory may hold of what it recalls from; what was not asked for longest is dropped and "
        "read anew. A hundred thousand memories of a sentence or two take about 180.",
        "512",
    )
