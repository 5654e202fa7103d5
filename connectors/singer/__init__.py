"""Reads any system for which there is a Singer tap: a program that writes schemas, records and its state as lines."""

from connectors.singer.connector import SingerConnector
from connectors.singer.options import SingerOptions, StreamOptions

__all__ = ["CONNECTOR", "SingerConnector", "SingerOptions", "StreamOptions"]

CONNECTOR = SingerConnector
