"""Ways beside mail on which a digest goes out: signed webhooks and chat services. The blocks are the same."""
