"""What runs may spend on models and what they did: purses, calls, and the two moments of each call."""
