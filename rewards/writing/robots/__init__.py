"""Rewards for robots on MuJoCo models from sentences: what a task understands is data, in `families` and `tasks`."""
