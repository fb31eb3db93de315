"""The command line in parts: argument parsing only; each command imports what it needs when it runs."""
