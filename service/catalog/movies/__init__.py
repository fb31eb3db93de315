"""Movies: lists, batches, writes."""
