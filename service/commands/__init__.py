"""What the commands do, free of argument parsing: a module a topic. Each imports what it needs when it runs."""

from service.commands.accounts import create_user, erase_user, export_user, set_active, set_password
from service.commands.filling import fill, import_sample
from service.commands.imports import import_movielens, import_tmdb
from service.commands.keys import list_keys, remove_exposed_key, retire_key, rotate_data, rotate_keys
from service.commands.schema import create_migration, grant_privileges, migrate_down, migrate_status, migrate_up
from service.commands.serving import check_health, print_settings, run_worker, serve
from service.commands.terminal import plain_sentence
from service.commands.tokens import issue_service_token, list_service_tokens, revoke_service_token

__all__ = (
    "check_health",
    "create_migration",
    "create_user",
    "erase_user",
    "export_user",
    "fill",
    "grant_privileges",
    "import_movielens",
    "import_sample",
    "import_tmdb",
    "issue_service_token",
    "list_keys",
    "list_service_tokens",
    "migrate_down",
    "migrate_status",
    "migrate_up",
    "plain_sentence",
    "print_settings",
    "remove_exposed_key",
    "retire_key",
    "revoke_service_token",
    "rotate_data",
    "rotate_keys",
    "run_worker",
    "serve",
    "set_active",
    "set_password",
)
