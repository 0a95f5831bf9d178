"""E-mail to people about notices that they have not read: made, sent, tried again, and ended."""
