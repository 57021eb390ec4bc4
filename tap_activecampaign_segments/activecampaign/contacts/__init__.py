"""Contacts: who they are, looked up by id or read as a whole account."""
