"""A browser that plays a policy live."""
