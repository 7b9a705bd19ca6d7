"""Where files lie: a folder, or a prefix of an object store. Nothing else of Kith knows how either is read."""
