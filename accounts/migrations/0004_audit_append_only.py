"""Triggers that keep audit events as they were written.

Only the address may be taken out of an event, for when personal data has to go after a time.
"""

from django.db import migrations

TABLE = "accounts_auditevent"
MESSAGE = "audit events are never changed or deleted"
KEPT = "id at name actor_kind actor_id actor_label crate subject before after request_id".split()

POSTGRESQL = [
    f"""
    CREATE FUNCTION {TABLE}_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'UPDATE' THEN
            IF NEW.address IS NULL
                    AND to_jsonb(NEW) - 'address' = to_jsonb(OLD) - 'address' THEN
                RETURN NEW;
            END IF;
        END IF;
        RAISE EXCEPTION '{MESSAGE}';
    END
    $$
    """,
    f"""
    CREATE TRIGGER {TABLE}_kept BEFORE UPDATE OR DELETE ON {TABLE}
        FOR EACH ROW EXECUTE FUNCTION {TABLE}_refuse()
    """,
    f"""
    CREATE TRIGGER {TABLE}_not_emptied BEFORE TRUNCATE ON {TABLE}
        FOR EACH STATEMENT EXECUTE FUNCTION {TABLE}_refuse()
    """,
]
POSTGRESQL_BACK = [
    f"DROP TRIGGER IF EXISTS {TABLE}_kept ON {TABLE}",
    f"DROP TRIGGER IF EXISTS {TABLE}_not_emptied ON {TABLE}",
    f"DROP FUNCTION IF EXISTS {TABLE}_refuse()",
]

CHANGED = " OR ".join(f'NEW."{column}" IS NOT OLD."{column}"' for column in KEPT)
SQLITE = [
    f"""
    CREATE TRIGGER {TABLE}_kept BEFORE UPDATE ON {TABLE}
        WHEN NEW.address IS NOT NULL OR {CHANGED}
        BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END
    """,
    f"""
    CREATE TRIGGER {TABLE}_not_deleted BEFORE DELETE ON {TABLE}
        BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END
    """,
    # Replacing a row deletes the old one without asking the trigger above.
    f"""
    CREATE TRIGGER {TABLE}_not_replaced BEFORE INSERT ON {TABLE}
        WHEN EXISTS (SELECT 1 FROM {TABLE} WHERE id = NEW.id)
        BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END
    """,  # noqa: S608 - made of constants
]
SQLITE_BACK = [
    f"DROP TRIGGER IF EXISTS {TABLE}_{name}" for name in ("kept", "not_deleted", "not_replaced")
]


def enforce(apps, schema_editor):
    postgresql = schema_editor.connection.vendor == "postgresql"
    for statement in POSTGRESQL if postgresql else SQLITE:
        schema_editor.execute(statement)


def release(apps, schema_editor):
    postgresql = schema_editor.connection.vendor == "postgresql"
    for statement in POSTGRESQL_BACK if postgresql else SQLITE_BACK:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_github_token")]

    operations = [migrations.RunPython(enforce, release)]
