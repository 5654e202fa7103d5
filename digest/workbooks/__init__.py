"""The workbook of all findings that a mail can carry."""
