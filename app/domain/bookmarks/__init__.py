"""What people keep at hand in a library: prompts with a star, and views saved under a name."""
