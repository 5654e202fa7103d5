"""Several processes on several machines that pull the sources together, over a queue in PostgreSQL."""
