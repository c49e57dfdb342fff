"""The index that search asks: FTS5 on SQLite, a GIN index over a tsvector on PostgreSQL.

Triggers keep SQLite's in step, whoever writes. A later migration that alters the table `memory_note` has SQLite build
the table anew, and its triggers go with the old one: such a migration has to call `add` again afterwards.
"""

from django.db import migrations

SQLITE = (
    "CREATE VIRTUAL TABLE IF NOT EXISTS memory_words USING fts5("
    "words, content='memory_note', content_rowid='id', tokenize='unicode61 remove_diacritics 0')",
    "CREATE TRIGGER IF NOT EXISTS memory_note_added AFTER INSERT ON memory_note BEGIN"
    " INSERT INTO memory_words(rowid, words) VALUES (new.id, new.words); END",
    "CREATE TRIGGER IF NOT EXISTS memory_note_gone AFTER DELETE ON memory_note BEGIN"
    " INSERT INTO memory_words(memory_words, rowid, words) VALUES ('delete', old.id, old.words); END",
    "CREATE TRIGGER IF NOT EXISTS memory_note_changed AFTER UPDATE OF words ON memory_note BEGIN"
    " INSERT INTO memory_words(memory_words, rowid, words) VALUES ('delete', old.id, old.words);"
    " INSERT INTO memory_words(rowid, words) VALUES (new.id, new.words); END",
    "INSERT INTO memory_words(memory_words) VALUES ('rebuild')",
)
SQLITE_BACK = (
    "DROP TRIGGER IF EXISTS memory_note_added",
    "DROP TRIGGER IF EXISTS memory_note_gone",
    "DROP TRIGGER IF EXISTS memory_note_changed",
    "DROP TABLE IF EXISTS memory_words",
)
POSTGRESQL = (
    "CREATE INDEX IF NOT EXISTS memory_words ON memory_note USING gin (array_to_tsvector(string_to_array(words, ' ')))",
)
POSTGRESQL_BACK = ("DROP INDEX IF EXISTS memory_words",)


def _run(editor, sqlite, postgresql):
    with editor.connection.cursor() as cursor:
        for statement in sqlite if editor.connection.vendor == "sqlite" else postgresql:
            cursor.execute(statement)


def add(_apps, editor):
    _run(editor, SQLITE, POSTGRESQL)


def remove(_apps, editor):
    _run(editor, SQLITE_BACK, POSTGRESQL_BACK)


class Migration(migrations.Migration):
    dependencies = [("memory", "0001_initial")]

    operations = [migrations.RunPython(add, remove)]
