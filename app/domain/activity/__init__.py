"""What happened to a prompt, in one stream: from every table that keeps a part of it."""
