"""Make the desk's tables, and search the words of articles."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

#: A table of its own gives each article a number that VACUUM does not change.
_SQLITE = """
CREATE TABLE article_words_key (number INTEGER PRIMARY KEY,
  article_id VARCHAR NOT NULL UNIQUE REFERENCES article (id) ON DELETE CASCADE);
CREATE VIRTUAL TABLE article_words USING fts5 (title, summary, author,
  tokenize='unicode61 remove_diacritics 2');
INSERT INTO article_words_key (article_id) SELECT id FROM article ORDER BY sorted_at;
INSERT INTO article_words (rowid, title, summary, author)
  SELECT k.number, a.title, a.summary, a.author
  FROM article a JOIN article_words_key k ON k.article_id = a.id
"""
_TRIGGERS = (
    """
CREATE TRIGGER article_words_new AFTER INSERT ON article BEGIN
  INSERT INTO article_words_key (article_id) VALUES (new.id);
  INSERT INTO article_words (rowid, title, summary, author)
    SELECT number, new.title, new.summary, new.author
    FROM article_words_key WHERE article_id = new.id;
END""",
    """
CREATE TRIGGER article_words_changed AFTER UPDATE OF title, summary, author ON article BEGIN
  UPDATE article_words SET title = new.title, summary = new.summary, author = new.author
    WHERE rowid = (SELECT number FROM article_words_key WHERE article_id = new.id);
END""",
    """
CREATE TRIGGER article_words_gone BEFORE DELETE ON article BEGIN
  DELETE FROM article_words
    WHERE rowid = (SELECT number FROM article_words_key WHERE article_id = old.id);
END""",
)
_POSTGRES = """
CREATE INDEX article_words ON article USING gin
  (to_tsvector('simple', title || ' ' || summary || ' ' || author))
"""


def upgrade() -> None:
    _people()
    op.create_table(
        "action",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_action")),
    )
    op.drop_index("ix_subscription_newsletter", "subscription")
    op.create_index("subscription_state", "subscription", ["newsletter", "state"])
    sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in (*_SQLITE.split(";"), *_TRIGGERS) if sqlite else (_POSTGRES,):
        op.execute(statement)


def _people() -> None:
    op.create_table(
        "admin",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("password", sa.String(), nullable=False),
        sa.Column("totp", sa.String(), nullable=False),
        sa.Column("totp_step", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_admin")),
        sa.UniqueConstraint("name", name=op.f("uq_admin_name")),
    )
    op.create_table(
        "session",
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("admin_id", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["admin_id"], ["admin.id"], name=op.f("fk_session_admin_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_session")),
    )
    op.create_index(op.f("ix_session_admin_id"), "session", ["admin_id"])
    op.create_table(
        "guess",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_guess")),
    )
