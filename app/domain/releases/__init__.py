"""What programs get: the released text by name, from memory, and the log of what changed in it."""
