"""Where keys of others are kept: a port with two forms, files on one machine and Vault in a cluster."""

from soma_common.security.secrets.files import FileSecrets
from soma_common.security.secrets.port import Secrets, is_secret_name, secrets_unavailable
from soma_common.security.secrets.vault import VaultLogin, VaultSecrets

__all__ = ["FileSecrets", "Secrets", "VaultLogin", "VaultSecrets", "is_secret_name", "secrets_unavailable"]
