"""The built-in writer's parts: from a sentence to quantities, slots, a goal, a reference and a reward program."""
