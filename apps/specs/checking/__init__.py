"""What is wrong with a spec, said so that its writer can put it right: all of it at once."""
