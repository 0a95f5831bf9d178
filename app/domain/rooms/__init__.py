"""Live documents: many people edit one text at once and nothing acknowledged is lost."""
