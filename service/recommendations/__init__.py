"""What users might like: models of taste and their neighbours; its tables."""
