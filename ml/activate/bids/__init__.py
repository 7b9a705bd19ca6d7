"""What a person is worth bidding for."""
