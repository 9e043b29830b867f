"""Folders of tests: passable for other accounts, in memory only where that can be."""

import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from soma_common.testing.folders import disk_folder, quick_folder


@pytest.mark.parametrize("make", [quick_folder, disk_folder])
def test_another_account_passes_through_and_sees_nothing(make: Callable[[str], Path]) -> None:
    first, second = make("soma-folder-"), make("soma-folder-")
    try:
        assert first != second
        assert stat.S_IMODE(first.stat().st_mode) == 0o711
        assert list(first.iterdir()) == []
    finally:
        first.rmdir()
        second.rmdir()


def test_a_place_that_does_not_serve_is_not_taken(tmp_path: Path) -> None:
    folder = quick_folder("soma-folder-", tmp_path / "absent")
    assert folder.parent == Path("/tmp")
    folder.rmdir()
