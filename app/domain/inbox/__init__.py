"""What people are told while they are elsewhere: notices, following, and e-mail about them."""
