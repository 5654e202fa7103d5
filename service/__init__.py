"""The running daemon as others see it: its health, its figures and its word to the service manager."""
