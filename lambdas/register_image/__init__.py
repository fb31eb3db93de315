"""Verifies an uploaded picture, makes its renditions and tells the media service.

`handler` takes the queue's batches, `event` reads what arrived, `pipeline` runs one upload from object to
verdict: `storage` fetches it, `structure` and `verify` refuse what is no usable picture, `render` makes the
sizes with `thumbhash`, `register` reports to the service. `kinds` holds the widths and limits, `settings` the
configuration, `logs` the log lines.
"""
