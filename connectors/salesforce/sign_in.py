"""Signs in to Salesforce with one request: through an app (OAuth), or with a password as long as Salesforce lets us."""

from datetime import datetime
from urllib.parse import urlsplit

import requests

from connectors.base import ReadContext
from connectors.http import PolicyAdapter
from connectors.http.origins import origin
from connectors.salesforce.oauth import by_oauth
from connectors.salesforce.options import SalesforceOptions
from connectors.salesforce.password import by_password, warning_about_passwords
from connectors.salesforce.signed_in import SignedIn
from connectors.salesforce.token_file import TokenFile
from model.errors import Problem, SourceContentError

_SALESFORCE_HOSTS = (".salesforce.com", ".force.com", ".salesforce.mil", ".sfcrmproducts.cn")


def sign_in(
    source: str, options: SalesforceOptions, session: requests.Session, context: ReadContext, now: datetime
) -> SignedIn:
    """Get a token and let the session call where it is good.

    Raise SourceAuthError when Salesforce refuses, SourceContentError when it answers no token.
    """
    if options.password is not None:
        signed_in = by_password(source, options, context)
    else:
        signed_in = by_oauth(source, options, session, context, now)
    _allow(source, options, session, signed_in)
    return signed_in


def warnings_about_sign_in(source: str, options: SalesforceOptions, context: ReadContext) -> list[Problem]:
    """What works today and should be mended: a password (S1), a token that others may read."""
    warnings = [warning_about_passwords(source)] if options.password is not None else []
    if options.refresh_token_file is not None:
        warnings += TokenFile(source, options.refresh_token_file, context.stop).warnings()
    return warnings


def _allow(source: str, options: SalesforceOptions, session: requests.Session, signed_in: SignedIn) -> None:
    """Let the session call the instance, which may bear another name than My Domain, but only Salesforce's own."""
    instance = signed_in.instance
    host = urlsplit(instance).hostname or ""
    if origin(instance) != origin(options.url) and not host.endswith(_SALESFORCE_HOSTS):
        raise SourceContentError(
            f"{source} sends us to {host} after the sign-in, which is not Salesforce",
            location=f"{source}: {options.url}",
            hint="check that url is the org's My Domain address and that no proxy answers in its place",
        )
    adapter = session.get_adapter(instance)
    if isinstance(adapter, PolicyAdapter):
        adapter.allow(instance)
        adapter.conceal(signed_in.token)
