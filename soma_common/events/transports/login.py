"""How the brokers of Kafka are spoken to, and who we are there, as plain values.

Nothing here opens a connection or knows a library.
"""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class KafkaLogin:
    """`protocol` is PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL; a name and a password are for those with SASL.

    `ca` is a file of certificates by which the brokers are known; None: those of the system.
    """

    protocol: str = "PLAINTEXT"
    ca: Path | None = None
    mechanism: str = "PLAIN"
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    @property
    def encrypted(self) -> bool:
        """Whether the way is TLS."""
        return self.protocol.endswith("SSL")
