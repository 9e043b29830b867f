"""What a figure is: a name, a title, its method in words and the function that measures it."""

from collections.abc import Callable
from dataclasses import dataclass

from bench.figures.run import Run
from bench.rows import Row


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure. `arms` are what it needs running: mesh, bare, litellm."""

    name: str
    title: str
    method: str
    arms: tuple[str, ...]
    measure: Callable[[Run], list[Row]]

    @property
    def group(self) -> str:
        """The figures it is run with when only they are wanted: what stands before the dash of its name."""
        return self.name.partition("-")[0]
