"""Bucket and table compared: judged (judging) on one walk over both (streams, service), mended (repairs)."""
