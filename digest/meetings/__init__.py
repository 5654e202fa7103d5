"""What a slip beyond the trigger makes of a mail: an agenda and an entry for the calendar."""
