"""Moved to `service.ports`."""

from service.ports import PortTaken, free_port, require_free

__all__ = ["PortTaken", "free_port", "require_free"]
