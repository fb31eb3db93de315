"""One worker process: the gRPC application, readiness, reflection and housekeeping."""
