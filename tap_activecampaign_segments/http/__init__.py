"""HTTP requests, retries, rate limiting and redaction, shared by both vendors."""
