"""Fixtures that every tier may use."""

pytest_plugins = ["soma_common.testing.postgres", "soma_common.testing.upstream.fixtures"]
