"""The names that users of the library find in its packages."""

from importlib import import_module

import pytest

NAMES = {
    "soma_common.events": ("EventPublisher", "EventStore"),
    "soma_common.sagas": ("SagaOrchestrator", "SagaDefinition", "SagaStep"),
    "soma_common.replay.engine": ("ReplayEngine",),
    "soma_common.dlq": ("DLQHandler",),
    "soma_common.tracing": ("TransactionTracer", "TraceContext"),
    "soma_common.logging": ("SomaStackFormatter", "SomaStackJSONFormatter", "configure_logging"),
    "soma_common.decorators": ("trace_transaction", "with_compensation", "TransactionScope"),
    "config": ("SettingsRegistry",),
}


@pytest.mark.parametrize("package", NAMES)
def test_a_package_gives_the_names_that_are_expected_of_it(package: str) -> None:
    assert set(NAMES[package]) <= set(dir(import_module(package)))
