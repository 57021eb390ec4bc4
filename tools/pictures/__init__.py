"""Pictures of the documentation: the streams and their keys, and eight weeks of syncs."""
