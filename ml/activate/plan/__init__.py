"""The next best action: for each customer at most one contact a day, or peace, with a reason."""
