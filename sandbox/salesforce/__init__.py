"""A stand-in for Salesforce: an org that a story can move, and the server that shows it."""

from sandbox.salesforce.org import SalesforceOrg
from sandbox.salesforce.server import SalesforceServer

__all__ = ["SalesforceOrg", "SalesforceServer"]
