"""Language models that write rewards: any OpenAI-compatible endpoint, recorded, replayed and kept within a budget."""
