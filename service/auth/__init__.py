"""Who the caller is and what they may do: principals, tokens, keys, passwords, the policy table, sealed columns.

Knows no slice and no transport.
"""
