"""The next version of a reward from what a person saw: without a model, by weights and declared numbers alone."""
