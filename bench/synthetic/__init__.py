"""A registry of any size with the shapes of a large public one, the same for the same seed."""
