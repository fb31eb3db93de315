"""Reports to the media service that an uploaded object was removed from the storage.

`handler` receives batches from the queue; `forget` checks that the object is gone and reports it.
"""
