"""Access to PostgreSQL: pool, transactions, notifications, snapshots, migrations and grants."""
