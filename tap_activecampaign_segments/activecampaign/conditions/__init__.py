"""A segment definition in words: as a sentence, as what changed, and as rows. No requests."""
