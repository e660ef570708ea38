"""The key pairs an account keeps at Twilio: satisfies `AwsCredentials` of the reconciler's ports."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import quote, urlencode

from ..core.errors import Terminal, Wait
from ..core.facts import AwsCredential
from ..core.reasons import Reason
from ..core.writer import misfit
from . import documents
from .answers import CREDENTIALS_RETRY, Asked, created, present, problem_code, removed, unusable
from .client import Roots
from .pages import next_absolute
from .patience import Patience
from .transport import Transport

T = TypeVar("T")

PAGE_SIZE = 50
"""Credentials a page: Twilio's own default. An account has a handful."""

MAX_PAGES = 100
"""Pages of one list, so that one whose pages lead in a circle ends."""

MAX_NAME = 64
"""Characters of a FriendlyName (Twilio's API reference of this resource)."""

MALFORMED_CODE = 70106
"""Twilio does not take the pair: it is not in AWS's form (Twilio's error dictionary)."""


@dataclass(frozen=True, slots=True)
class TwilioAwsCredentials:
    """Safe to use from several threads. Lists and removals are tried a few times (`patience`).

    Every method raises Wait(TWILIO_ACCESS_DENIED) where the credentials are barred from this part of Twilio's API.
    """

    account_sid: str
    secret_name: str
    roots: Roots
    transport: Transport
    patience: Patience

    def listed(self) -> list[AwsCredential]:
        """All of the account's, read to the last page."""
        found: dict[str, AwsCredential] = {}
        query = urlencode({"PageSize": PAGE_SIZE})
        for _ in range(MAX_PAGES):
            page, following = self._page(query)
            found |= {credential.sid: credential for credential in page}
            if following is None:
                return list(found.values())
            query = following
        raise unusable(self._asked, "a list that does not end")

    def register(self, name: str, access_key_id: str, secret_access_key: str) -> AwsCredential:
        """Keep a pair at Twilio. Raises Terminal for one not in AWS's form, ValueError for a name above 64 characters.

        After Transient it may be there or not: list and look for the name. It is sent again only where Twilio refused
        to process it (429, a first 401), because Twilio keeps every pair it is given, be it the same again.
        """
        if len(name) > MAX_NAME:
            raise ValueError(f"Twilio takes names of at most {MAX_NAME} characters")
        if wrong := misfit(access_key_id, secret_access_key):
            raise _malformed(wrong)
        fields = {"FriendlyName": name, "Credentials": f"{access_key_id}:{secret_access_key}"}

        def register() -> tuple[AwsCredential, str]:
            answer = self.transport.post(self._url, fields)
            if answer.status == 400 and problem_code(answer) == MALFORMED_CODE:
                raise _malformed(f"Twilio says so with error {MALFORMED_CODE}")
            return documents.aws_credential(created(answer, self._asked), self._asked)

        made, owner = self._persist(register, repeatable=False)
        if owner != self.account_sid:
            # Nobody would look for it there, and every further try would leave another one.
            self.remove(made.sid)
            raise self._foreign()
        return made

    def remove(self, sid: str) -> None:
        """Let Twilio forget it: 204, or Twilio's own word that it knows none such."""
        url = f"{self._url}/{quote(sid, safe='')}"
        self._persist(lambda: removed(self.transport.delete(url), self._asked))

    def _page(self, query: str) -> tuple[list[AwsCredential], str | None]:
        def read() -> tuple[list[AwsCredential], str | None]:
            body = present(self.transport.get(f"{self._url}?{query}"), self._asked)
            found, url = documents.own_aws_credentials(body, self._asked)
            return found, next_absolute(url, self._url, query, self._asked)

        return self._persist(read)

    @property
    def _url(self) -> str:
        return f"{self.roots.accounts}/v1/Credentials/AWS"

    @property
    def _asked(self) -> Asked:
        return Asked("its AWS credentials", self.account_sid, self.secret_name)

    def _persist(self, attempt: Callable[[], T], *, repeatable: bool = True) -> T:
        try:
            return self.patience.persist(attempt, repeatable=repeatable)
        except Wait as error:
            # An API key that is merely barred may be answered 401, like one that is wrong; a token never is.
            if error.reason is Reason.TWILIO_CREDENTIALS_REJECTED and not self.transport.credentials.is_api_key:
                raise
            raise self._barred() from error

    def _barred(self) -> Wait:
        return Wait(
            Reason.TWILIO_ACCESS_DENIED,
            f"Twilio does not let the credentials in Secret {self.secret_name!r} manage the AWS credentials of account "
            f"{self.account_sid}. Likely causes: a Standard or Restricted API key is barred from them, the key was "
            "revoked, or the account is suspended. Grant a Restricted key access to them, use the account's authToken "
            "in place of an API key, or register the key pair in the Console by hand and leave "
            "spec.s3.writerCredentialsSecretRef out.",
            CREDENTIALS_RETRY,
        )

    def _foreign(self) -> Wait:
        return Wait(
            Reason.TWILIO_ACCESS_DENIED,
            f"The API key in Secret {self.secret_name!r} is not one of account {self.account_sid}, so the key pair "
            "Twilio writes with would be registered with another account. Make an API key in that account, or use its "
            "authToken.",
            CREDENTIALS_RETRY,
        )


def _malformed(wrong: str) -> Terminal:
    return Terminal(
        Reason.SECRET_MALFORMED,
        "accessKeyId and secretAccessKey in the Secret that spec.s3.writerCredentialsSecretRef names are no key pair: "
        f"{wrong}.",
    )
