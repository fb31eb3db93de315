"""What surrounds every call, one job a file; `chain` says how they are put together.

No slice imports this package. `service.server` lists the interceptors in their order, with the reason for each
place.
"""
