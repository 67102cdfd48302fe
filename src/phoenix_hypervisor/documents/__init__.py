"""The documents as typed models: the single source of validation, schemas and reference (spec F2)."""

from phoenix_hypervisor.documents.container import ContainerDocument, LxcDocument
from phoenix_hypervisor.documents.host import HostDocument
from phoenix_hypervisor.documents.older import OlderDocument

__all__ = ["ContainerDocument", "HostDocument", "LxcDocument", "OlderDocument"]
