"""The edge's frozen slice of the settings.

Nothing here reads anything: it is cut from what `config` has read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from config import DeployMode, Settings
from soma_common.kernel.tenancy import TenantId

HOUSES = ("chat", "governor", "control", "cognitive", "memory")


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """Whose session a browser on this machine gets, and the key that signs it."""

    user_key_path: Path
    tenant_id: TenantId
    owner_sub: str
    ttl_seconds: float


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """The certificate of the edge and its key."""

    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class EdgeSettings:
    """Where the edge listens, whom it serves, and where the services are."""

    http_listen: str
    ops_listen: str
    mode: str
    page_url: str
    allowed_hosts: tuple[str, ...]
    allowed_origins: tuple[str, ...]
    jwks_path: Path
    service_key_path: Path
    targets: Mapping[str, tuple[str, ...]]
    session: SessionSettings | None
    tls: TlsSettings | None
    messages_per_minute: int
    connections_per_user: int
    connections_per_tenant: int

    @classmethod
    def from_settings(cls, settings: Settings) -> "EdgeSettings":
        """The slice of these settings. Raises SettingsError where something of it is missing."""
        own, identity, web = settings.endpoint("edge"), settings.identity, settings.web
        if own.ops_listen is None:
            raise RuntimeError("the profile gives the edge no address for operators")
        tls = TlsSettings(web.tls_certificate, web.tls_key) if web.tls_certificate and web.tls_key else None
        return cls(
            http_listen=own.http_listen,
            ops_listen=own.ops_listen,
            mode="AAAS" if settings.aaas else settings.mode.name,
            page_url=web.page_url,
            allowed_hosts=web.allowed_hosts,
            allowed_origins=web.allowed_origins,
            jwks_path=identity.jwks_path,
            service_key_path=identity.service_key_path("edge"),
            targets={house: settings.endpoint(house).targets for house in HOUSES},
            session=_session(settings),
            tls=tls,
            messages_per_minute=web.messages_per_minute,
            connections_per_user=web.connections_per_user,
            connections_per_tenant=web.connections_per_tenant,
        )


def _session(settings: Settings) -> SessionSettings | None:
    """Only the standalone shape has an owner who needs no login."""
    if settings.mode is not DeployMode.STANDALONE:
        return None
    identity = settings.identity
    return SessionSettings(
        user_key_path=identity.user_key_path,
        tenant_id=TenantId(identity.tenant_id),
        owner_sub=identity.owner_sub,
        ttl_seconds=settings.web.session_minutes * 60.0,
    )
