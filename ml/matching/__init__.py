"""Do two records describe one person: names brought to one form, a Splink model, and what it accepts."""
