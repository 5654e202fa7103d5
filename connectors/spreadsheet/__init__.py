"""Excel workbooks: trackers of savings, milestones and measurements, read by header name, each value with its cell."""

from connectors.spreadsheet.connector import SpreadsheetConnector
from connectors.spreadsheet.options import SpreadsheetOptions

CONNECTOR = SpreadsheetConnector

__all__ = ["CONNECTOR", "SpreadsheetConnector", "SpreadsheetOptions"]
