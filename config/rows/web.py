"""The settings of the edge: who may talk to it, how much, and by which certificate.

Nothing here reads a value.
"""

from pathlib import Path

from pydantic import BaseModel

from config.setting import Count, Words, setting


class Web(BaseModel):
    """The page and its doors."""

    allowed_hosts: Words | None = setting(
        "SOMA_ALLOWED_HOSTS",
        "Host names the page is served under, besides its own address.",
        "soma.example.org",
    )
    allowed_origins: Words | None = setting(
        "SOMA_ALLOWED_ORIGINS",
        "Origins that may open sockets, besides the page's own.",
        "https://soma.example.org",
    )
    messages_per_minute: Count | None = setting(
        "SOMA_MESSAGES_PER_MINUTE", "How many messages one user may send a minute.", "20"
    )
    connections_per_user: Count | None = setting(
        "SOMA_CONNECTIONS_PER_USER", "How many WebSockets one user may have open.", "200"
    )
    connections_per_tenant: Count | None = setting(
        "SOMA_CONNECTIONS_PER_TENANT", "How many WebSockets one tenant may have open.", "10000"
    )
    session_minutes: Count | None = setting(
        "SOMA_SESSION_MINUTES", "How long a browser's session on this machine lasts before the page renews it.", "60"
    )
    tls_cert: Path | None = setting("SOMA_TLS_CERT", "The certificate of the edge.", "/etc/soma/tls.crt")
    tls_key: Path | None = setting("SOMA_TLS_KEY", "The private key of the certificate.", "/etc/soma/tls.key")
