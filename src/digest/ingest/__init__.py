"""Turn feed bytes, pages and files into articles."""
