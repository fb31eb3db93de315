"""Who the caller is, where they call from and what they may do: principals, origins, tokens, keys, passwords, policy.

Knows no slice and no transport.
"""
