"""The model loop: ask the model, carry out what it calls, until it submits."""
