"""What became of stored episodes: how many failed, how, when, and what the reward and the signals did meanwhile."""
