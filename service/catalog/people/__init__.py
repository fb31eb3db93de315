"""People: reads, lists, credits, photos, and edits."""
