"""What programs are given now, and what would change it."""
