"""Clients of Twilio and S3, for the operator and for the command that plans without a cluster."""

from collections.abc import Callable
from dataclasses import dataclass

from .core.desired import Bucket, TwilioAccount
from .core.secret import Secret
from .core.work import Key
from .reconcile.ports import AwsCredentials, BucketAdmin, BucketClient, LedgerStore, TwilioClient
from .s3.connect import Connections
from .twilio.connect import TwilioConnector


@dataclass(frozen=True, slots=True)
class Clouds:
    """Clients for the credentials of a resource."""

    twilio_connector: TwilioConnector
    s3_connections: Connections

    def twilio(self, account: TwilioAccount, secret: Secret) -> TwilioClient:
        """A client of the account."""
        return self.twilio_connector.connect(account, secret.values, account.credentials_secret)

    def bucket(self, bucket: Bucket, secret: Secret | None) -> BucketClient:
        """A client of the bucket."""
        return self.s3_connections.bucket(bucket, secret.values if secret else None)

    def admin(self, bucket: Bucket, secret: Secret | None) -> BucketAdmin:
        """A client for the bucket's settings."""
        return self.s3_connections.admin(bucket, secret.values if secret else None)

    def aws_credentials(self, account: TwilioAccount, secret: Secret) -> AwsCredentials:
        """A client for the key pairs the account keeps at Twilio."""
        return self.twilio_connector.aws_credentials(account, secret.values, account.credentials_secret)


@dataclass(frozen=True, slots=True)
class CloudsAndLedgers(Clouds):
    """The same with the ledgers of a cluster. `ledgers` gives the slices of the resource with a key and a uid."""

    ledgers: Callable[[Key, str], LedgerStore]

    def ledger(self, key: Key, uid: str) -> LedgerStore:
        """The slices of a resource."""
        return self.ledgers(key, uid)
