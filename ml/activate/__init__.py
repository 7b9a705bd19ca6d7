"""From scores to decisions: who is written to, with what, and whether it worked."""
