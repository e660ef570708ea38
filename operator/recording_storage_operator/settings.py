"""The operator's settings, read once from the environment. Every variable is documented here and nowhere else."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

_TRUE, _FALSE = frozenset({"true", "1", "yes"}), frozenset({"false", "0", "no", ""})


class SettingsError(ValueError):
    """A variable has a value that cannot be used; the message names it and says what would do."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Defaults are what a cluster wants; `from_environment` documents the variables."""

    twilio_url: str = ""
    s3_endpoints: tuple[str, ...] = ()
    allow_ambient_credentials: bool = False
    namespaces: tuple[str, ...] = ()
    metrics_port: int = 8080
    metrics_host: str = ""
    workers: int = 8
    work_dir: Path = field(default_factory=lambda: Path("/var/lib/recording-storage-operator"))
    resync_seconds: float = 600.0
    log_level: str = "INFO"

    @property
    def twilio_host(self) -> str:
        """The host that stands in for Twilio's own, with its port; empty where there is none."""
        return urlsplit(self.twilio_url).netloc.lower()

    @staticmethod
    def from_environment(environ: Mapping[str, str]) -> "Settings":
        """Read the variables:

        RECORDINGS_TWILIO_URL                 one base URL in place of all of Twilio's hosts, for a simulator or a proxy
        RECORDINGS_S3_ENDPOINTS               custom S3 endpoints that resources may name, separated by commas
        RECORDINGS_ALLOW_AMBIENT_CREDENTIALS  true lets resources without s3.credentialsSecretRef use the pod's own
        RECORDINGS_NAMESPACES                 namespaces to serve, separated by commas; none means the whole cluster
        RECORDINGS_METRICS_PORT               port of /metrics, /healthz and /readyz; 0 chooses a free one
        RECORDINGS_METRICS_HOST               address that port is bound to; empty means all
        RECORDINGS_WORKERS                    resources worked on at the same time
        RECORDINGS_WORK_DIR                   where sweeps keep their joins; may be lost at any time
        RECORDINGS_RESYNC_SECONDS             how often all resources are listed, whatever the watch told
        RECORDINGS_LOG_LEVEL                  DEBUG, INFO, WARNING or ERROR

        Raises SettingsError for a value that cannot be used.
        """
        default = Settings()
        return Settings(
            twilio_url=_url(environ, "RECORDINGS_TWILIO_URL"),
            s3_endpoints=_words(environ, "RECORDINGS_S3_ENDPOINTS"),
            allow_ambient_credentials=_flag(environ, "RECORDINGS_ALLOW_AMBIENT_CREDENTIALS"),
            namespaces=_words(environ, "RECORDINGS_NAMESPACES"),
            metrics_port=_number(environ, "RECORDINGS_METRICS_PORT", default.metrics_port, 0, 65535),
            metrics_host=environ.get("RECORDINGS_METRICS_HOST", default.metrics_host),
            workers=_number(environ, "RECORDINGS_WORKERS", default.workers, 1, 128),
            work_dir=Path(environ.get("RECORDINGS_WORK_DIR") or default.work_dir),
            resync_seconds=_number(environ, "RECORDINGS_RESYNC_SECONDS", int(default.resync_seconds), 1, 86400),
            log_level=_level(environ),
        )


def _words(environ: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(word for part in environ.get(name, "").split(",") if (word := part.strip()))


def _number(environ: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    text = environ.get(name, "").strip()
    if not text:
        return default
    if not text.isdecimal() or not least <= int(text) <= most:
        raise SettingsError(f"{name} is {text!r}: give a whole number from {least} to {most}")
    return int(text)


def _flag(environ: Mapping[str, str], name: str) -> bool:
    text = environ.get(name, "").strip().lower()
    if text not in _TRUE | _FALSE:
        raise SettingsError(f"{name} is {text!r}: give true or false")
    return text in _TRUE


def _url(environ: Mapping[str, str], name: str) -> str:
    text = environ.get(name, "").strip().rstrip("/")
    parts = urlsplit(text)
    if text and (parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.username):
        raise SettingsError(f"{name} must be an http or https URL without user or query")
    return text


def _level(environ: Mapping[str, str]) -> str:
    text = environ.get("RECORDINGS_LOG_LEVEL", "INFO").strip().upper()
    if text not in ("DEBUG", "INFO", "WARNING", "ERROR"):
        raise SettingsError(f"RECORDINGS_LOG_LEVEL is {text!r}: give DEBUG, INFO, WARNING or ERROR")
    return text
