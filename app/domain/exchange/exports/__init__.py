"""What goes out: prompts in formats of other tools, archives, and code that uses a prompt."""
