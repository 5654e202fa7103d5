"""A demo company behind real HTTP and SMTP on loopback. It stands apart: no room imports it."""
