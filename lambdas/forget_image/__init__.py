"""Tells the media service that an uploaded object was removed from storage.

`handler` takes the queue's batches, `forget` decides whether the object is really gone and reports it.
"""
