"""Contacts: looked up by id, and read as a whole account."""
