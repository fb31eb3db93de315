"""Code that both functions share: they receive S3 events of uploads from a queue and call the media service.

`event` parses events, `batch` processes them one by one, `service` is the connection to the media service, `storage`
queries S3, `settings` holds the configuration, `logs` the log format.
"""
