"""From scores to decisions: who is contacted, with what, and what it brought."""
