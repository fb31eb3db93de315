"""Accounts, sessions, profiles and privacy of users."""
