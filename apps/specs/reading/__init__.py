"""From bytes or objects to one tree of values that remembers where each of them stood; short forms made long."""
