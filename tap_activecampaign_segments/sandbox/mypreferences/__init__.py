"""MyPreferences: a client with segment groups, and the export API on it."""
