"""Whom a mail is for: what a reader may see and wants to hear, how much of it, and in which language."""
