"""Who asked for a newsletter, and who must not get it."""
