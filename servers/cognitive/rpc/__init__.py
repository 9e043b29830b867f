"""Servicers of the cognitive service, one a contract."""
