"""A person picks the best and the worst of several policies from their films, on a page of this machine."""
