"""The search for a reward: candidates of a language model, trained alike, chosen by the task's success."""
