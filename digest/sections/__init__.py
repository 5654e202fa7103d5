"""The parts of the mail, one file each. A module here with a ``SECTION`` is part of every digest."""
