"""What Driftline remembers: records with their revisions, links, findings, mails and runs, in SQLite or PostgreSQL."""
