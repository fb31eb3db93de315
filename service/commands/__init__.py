"""What the commands do, free of argument parsing: a module a topic. Each imports what it needs when it runs."""

from service.commands.accounts import create_user, erase_user, export_user, set_active, set_password
from service.commands.filling import fill, import_sample
from service.commands.imports import import_movielens, import_tmdb
from service.commands.keys import list_keys, remove_exposed_key, retire_key, rotate_data, rotate_keys
from service.commands.media import (
    list_dead_letters,
    purge_dead_letter,
    reconcile,
    redrive_dead_letters,
    sweep,
)
from service.commands.recommend import (
    activate_recommendation_model,
    evaluate_recommendations,
    list_recommendation_models,
    train_recommendations,
)
from service.commands.schema import create_migration, grant_privileges, migrate_down, migrate_status, migrate_up
from service.commands.serving import check_health, print_settings, run_worker, serve
from service.commands.terminal import plain_sentence
from service.commands.tokens import issue_service_token, list_service_tokens, revoke_service_token

__all__ = (
    "activate_recommendation_model",
    "check_health",
    "create_migration",
    "create_user",
    "erase_user",
    "evaluate_recommendations",
    "export_user",
    "fill",
    "grant_privileges",
    "import_movielens",
    "import_sample",
    "import_tmdb",
    "issue_service_token",
    "list_dead_letters",
    "list_keys",
    "list_recommendation_models",
    "list_service_tokens",
    "migrate_down",
    "migrate_status",
    "migrate_up",
    "plain_sentence",
    "print_settings",
    "purge_dead_letter",
    "reconcile",
    "redrive_dead_letters",
    "remove_exposed_key",
    "retire_key",
    "revoke_service_token",
    "rotate_data",
    "rotate_keys",
    "run_worker",
    "serve",
    "set_active",
    "set_password",
    "sweep",
    "train_recommendations",
)
