"""Contacts: looked up by id, or all of the account."""
