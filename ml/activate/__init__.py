"""From scores to decisions: who is written to, with what, and what it brought."""
