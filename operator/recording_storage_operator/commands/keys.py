"""Credentials for a plan that is made here: from the environment, or from the Secrets of the cluster."""

from collections.abc import Mapping
from dataclasses import replace

import click

from ..core.desired import Desired
from ..core.secret import Secret
from ..reconcile.inputs import Credentials

NO_TWILIO = "No credentials for Twilio: set TWILIO_AUTH_TOKEN, or TWILIO_API_KEY and TWILIO_API_SECRET."


def from_environment(environ: Mapping[str, str], desired: Desired) -> tuple[Desired, Credentials]:
    """The account's from variables, the bucket's from AWS's default chain; and the spec that goes with them.

    That of the writer's key pair is in neither, so it is left out of the spec. Raises click.ClickException where there
    is none for Twilio.
    """
    bucket = desired.s3 and replace(desired.s3, credentials_secret="", writer_secret="")
    return replace(desired, s3=bucket), Credentials(twilio=_twilio(environ), bucket=None)


def _twilio(environ: Mapping[str, str]) -> Secret:
    """An API key where there is one, because it can be revoked alone."""
    key, secret = environ.get("TWILIO_API_KEY", ""), environ.get("TWILIO_API_SECRET", "")
    token = environ.get("TWILIO_AUTH_TOKEN", "")
    if key and secret:
        return Secret({"apiKeySid": key, "apiKeySecret": secret})
    if not token:
        raise click.ClickException(NO_TWILIO)
    return Secret({"authToken": token})
