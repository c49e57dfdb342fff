"""The plan of a run as a picture: cards, where they stand, and the lines between them."""
