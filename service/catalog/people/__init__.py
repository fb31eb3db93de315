"""People: lists, batches, credits, photos, writes."""
