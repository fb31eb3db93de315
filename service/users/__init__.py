"""Accounts, sign-in and profiles."""
