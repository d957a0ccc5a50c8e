"""Triggers that keep audit events as they were written.

The address may be taken out of an event, for when personal data has to go after a time. Who deletes
their account is taken out too: while a row of AuditErasure says whose login becomes which name.
"""

from django.db import migrations, models

TABLE = "accounts_auditevent"
ERASURE = "accounts_auditerasure"
MESSAGE = "audit events are never changed or deleted"
KEPT = "id at name actor_kind actor_id crate request_id".split()
ERASED = "actor_label subject before after".split()

# The same words for both databases. None of it is ever unknown, which SQLite would let pass.
IN_AN_ERASURE = f"""
    (NEW.address IS NULL OR OLD.address IS NOT NULL AND NEW.address = OLD.address)
    AND NEW."before" IN (OLD."before", '{{}}') AND NEW."after" IN (OLD."after", '{{}}')
    AND EXISTS (
        SELECT 1 FROM {ERASURE} WHERE NEW.actor_label IN (OLD.actor_label, {ERASURE}.name)
            AND (NEW.subject = OLD.subject
                OR OLD.subject = {ERASURE}.login AND NEW.subject = {ERASURE}.name)
    )
"""  # noqa: S608 - made of constants

ERASABLE = f"{{{','.join([*ERASED, 'address'])}}}"
POSTGRESQL = [
    f"""
    CREATE FUNCTION {TABLE}_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'UPDATE' THEN
            IF NEW.address IS NULL
                    AND to_jsonb(NEW) - 'address' = to_jsonb(OLD) - 'address' THEN
                RETURN NEW;
            END IF;
            IF to_jsonb(NEW) - '{ERASABLE}'::text[]
                    = to_jsonb(OLD) - '{ERASABLE}'::text[]
                    AND {IN_AN_ERASURE} THEN
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


def unchanged(columns):
    return " AND ".join(f'NEW."{column}" IS OLD."{column}"' for column in columns)


SQLITE = [
    f"""
    CREATE TRIGGER {TABLE}_kept BEFORE UPDATE ON {TABLE}
        WHEN NOT ({unchanged(KEPT)} AND (
            {unchanged(ERASED)} AND NEW.address IS NULL OR {IN_AN_ERASURE}
        ))
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
    dependencies = [("accounts", "0005_browser_sessions")]

    operations = [
        migrations.CreateModel(
            name="AuditErasure",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("login", models.CharField(max_length=255)),
                ("name", models.CharField(max_length=255)),
            ],
        ),
        migrations.RunPython(enforce, release),
    ]
