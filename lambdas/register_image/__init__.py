"""Verifies an uploaded picture, makes its renditions and tells the media service.

`handler` takes the queue's batches, `pipeline` runs one upload from object to verdict: `storage` fetches it,
`verify` refuses what is no usable picture with `structure` and `bounds` within `limits` and makes it `upright`,
`render` makes the sizes with `thumbhash`, `register` reports to the service. `kinds` holds the widths and
limits, `verdict` the reasons of a refusal.
"""
