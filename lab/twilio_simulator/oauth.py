"""oauth.twilio.com: bearer tokens by client credentials."""

import hmac

from .reply import ApiError, Reply, as_json
from .world import World

TOKEN_SECONDS = 3600


def issue(world: World, form: dict[str, str]) -> Reply:
    """A bearer token for the app's own account. Raises ApiError for a wrong client or another grant."""
    app = world.accounts.apps.get(form.get("client_id", ""))
    secret = form.get("client_secret", "")
    if app is None or not hmac.compare_digest(app.client_secret.encode(), secret.encode()):
        raise ApiError(401, 20003, "Authenticate")
    if form.get("grant_type") != "client_credentials":
        raise ApiError(400, 20001, "grant_type must be client_credentials")
    token = world.sids.secret() + world.sids.secret()
    world.accounts.tokens[token] = (app.account_sid, world.clock.now() + TOKEN_SECONDS)
    return as_json({"access_token": token, "token_type": "Bearer", "expires_in": TOKEN_SECONDS})
