"""What `telic reward` does, one file for each of its verbs."""
