"""API conventions (AIPs) in code: pagination, etags, idempotency, field masks, validation, protobuf types."""
