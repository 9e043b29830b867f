"""No module imports itself by a detour."""

from graphlib import CycleError, TopologicalSorter

import grimp

from tests.arch.source import PRODUCT


def test_there_are_no_import_cycles() -> None:
    graph = grimp.build_graph(*PRODUCT, cache_dir=None)
    imported = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    try:
        TopologicalSorter(imported).prepare()
    except CycleError as error:
        raise AssertionError(" imports ".join(reversed(error.args[1]))) from None
