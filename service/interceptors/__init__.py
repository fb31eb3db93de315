"""Interceptors: wrap every call, one concern per file; `chain` composes them.

`service.server.application` lists them in order, with the reason for each place. No domain imports this package.
"""
