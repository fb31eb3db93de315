"""Interceptors: functions around every call, one concern per file. `chain` defines what an interceptor is.

`service.server.application` lists them in order, with the reason for the place of each. No domain imports this package.
"""
