"""SMTP: what is said on one connection, and many connections at once."""
