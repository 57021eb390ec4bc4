"""Probes by subject: each sends some requests and settles some facts."""
