"""The command line: one file per topic, arguments first, then one call."""
