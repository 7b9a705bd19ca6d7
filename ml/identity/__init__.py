"""Who is who: from edges between records to one customer per person, on every day."""
