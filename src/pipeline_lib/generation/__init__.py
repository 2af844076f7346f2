"""Generation: a model answers many questions at once, and reads what they share only once."""
