"""Guards against rewards that are not what was meant: how far a policy may be trusted, and when training went wrong."""
