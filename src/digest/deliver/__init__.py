"""One delivery becomes one message on its way."""
