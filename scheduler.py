"""The daemon: which job runs when, signals, graceful stop; nothing else."""
