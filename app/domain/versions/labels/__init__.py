"""Labels: where they are, who may move them, how they split, and where they have been."""
