"""The one gate between an audience and a list that leaves the house."""
