"""Marquee's server: the one hand-written import package.

`server` puts everything together; each slice (`users`, `catalog`, `favorites`, `recommendations`, `media`) holds
the same five files: models, service, servicer, convert, errors. A call goes interceptors -> servicer -> service ->
models, and no further.
"""

__version__ = "0.1.0"
