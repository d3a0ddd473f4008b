"""One script per question; each prints one line per figure and ends with JSON."""
