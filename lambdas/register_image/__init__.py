"""Verifies an uploaded image, creates its renditions and reports the result to the media service.

`handler` receives batches from the queue, and `pipeline` processes one upload. `storage` downloads the object. `verify`
decodes it: `file_structure` and `size_checks` reject expensive files first, `resource_limits` bounds the decoding, and
`normalize` makes the image upright and sRGB. `render` creates the renditions and `thumbhash` the placeholder.
`registry` reports to the service. `image_kinds` holds the sizes and limits of each kind, `rejection` the reasons of a
rejection.
"""
