"""Authentication and authorisation: principals, client info, tokens, keys, passwords, encryption and the policy table.

It imports no domain and no transport.
"""
