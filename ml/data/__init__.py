"""Data in: the landing zone, importers, the demo brand, the warehouse."""
