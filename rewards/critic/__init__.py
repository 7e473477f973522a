"""The reward critic: what is doubtful about a reward, where, why, and what to do."""
