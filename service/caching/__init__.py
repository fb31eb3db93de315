"""Caches of one worker and their invalidation: serialized responses, pages, and the batch loader that fills them."""
