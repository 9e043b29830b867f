"""The settings of identity and secrets: whose installation it is, by which keys it knows that, where secrets are kept.

Nothing here reads a value.
"""

from pathlib import Path
from uuid import UUID

from pydantic import BaseModel, SecretStr

from config.setting import setting
from config.values import SecretsStore


class Identity(BaseModel):
    """Names and keys, and the store of secrets."""

    # identity
    tenant_id: UUID | None = setting(
        "SOMA_TENANT_ID",
        "The tenant of this installation's owner.",
        "0190d3b0-5d3e-7cc2-9a55-6b1f3f1f7a01",
    )
    owner_sub: str | None = setting("SOMA_OWNER_SUB", "The owner of this installation.", "owner")
    issuer: str | None = setting(
        "SOMA_ISSUER",
        "Who issues the tokens of users.",
        "https://login.example.org/realms/somastack",
    )
    jwks_path: Path | None = setting(
        "SOMA_JWKS_PATH",
        "The file of public keys by which tokens are verified.",
        "/etc/soma/jwks.json",
    )
    service_key_path: Path | None = setting(
        "SOMA_SERVICE_KEY_PATH",
        "The service's private key, or the folder of them.",
        "/etc/soma/service.json",
    )
    user_key_path: Path | None = setting(
        "SOMA_USER_KEY_PATH",
        "The private key that signs tokens of users at the edge and the command line.",
        "/etc/soma/user.json",
    )
    token_key_path: Path | None = setting(
        "SOMA_TOKEN_KEY_PATH",
        "The private key with which control signs the short tokens that API keys are exchanged for.",
        "/etc/soma/tokens.json",
    )

    # where secrets are kept
    secrets: SecretsStore | None = setting("SOMA_SECRETS", "Where secrets are kept: files or vault.", "vault")
    vault_address: str | None = setting("VAULT_ADDR", "The Vault server.", "https://vault.example.org:8200")
    vault_token: SecretStr | None = setting("VAULT_TOKEN", "The token for Vault.", "hvs...")
    vault_role_id: SecretStr | None = setting("VAULT_ROLE_ID", "The AppRole for Vault, instead of a token.", "a UUID")
    vault_secret_id: SecretStr | None = setting("VAULT_SECRET_ID", "The secret id of the AppRole.", "a UUID")
