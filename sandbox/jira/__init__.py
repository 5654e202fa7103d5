"""A Jira site, on Cloud or Data Center, that exists in memory and answers the official client over real HTTP."""

from sandbox.jira.server import JiraServer
from sandbox.jira.site import JiraSite

__all__ = ["JiraServer", "JiraSite"]
