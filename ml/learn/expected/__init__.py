"""When, how much and what: what stands beside a probability. Pure, as the other rooms of learning are."""
