"""Kith: one customer table, and honest predictions."""
