"""Sagas: steps over several houses that are all done or all undone, whatever dies in between."""

from soma_common.sagas.models import SagaDefinition, SagaStep, StepCall
from soma_common.sagas.orchestrator import SagaOrchestrator

__all__ = ["SagaDefinition", "SagaOrchestrator", "SagaStep", "StepCall"]
