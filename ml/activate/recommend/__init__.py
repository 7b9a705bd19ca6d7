"""What to offer: three products or categories per person, and how good such offers were in the past."""
