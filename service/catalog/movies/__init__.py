"""Movies: reads, lists with filters and facets, and edits."""
