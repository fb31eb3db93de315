"""The parent process: workers, ports and the metrics endpoint; never imports grpc."""
