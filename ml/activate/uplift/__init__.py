"""Whom a message moves: effects learned from contacts that a coin decided."""
