"""One file per verb; each exports ``command``. A new file here is a new command."""
