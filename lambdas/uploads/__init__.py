"""What the functions share: both take S3 events of uploads from a queue and tell the media service.

`event` reads what arrived, `batch` handles it item by item, `service` is the connection to the media service,
`storage` asks S3 what stands under a key, `settings` holds the configuration, `logs` the log lines.
"""
