"""Settings from the environment, prefix `TIEPDAN_`; a secret may come from a file (`…_FILE`)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from intake.errors import SetupRefused
from intake.status import Role

PREFIX = "TIEPDAN_"


class Settings(BaseSettings):
    """Every setting of the product; `docs/operations.md` explains each, and a test compares."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore")

    database_url: str = Field("", description="empty: SQLite under the data folder")
    data_dir: Path = Field(
        Path("var"), description="database, keys, attachments, directory overlay"
    )
    public_url: str = Field("", description="address citizens reach; empty: the one served")
    province: str = Field("vinh-long", description="a shipped province or a folder of one")
    storage_url: str = Field("", description="attachments; empty: a local folder")
    clamd_url: str = Field("", description="antivirus: unix:///path or tcp://host:port")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    key_file: Path | None = Field(
        None, description="sealing keys; default keys/ in the data folder"
    )
    demo: bool = Field(False, description="demonstration logins and data are allowed here")

    totp_required: str = Field(
        "", description="roles that must use a second factor, comma-separated"
    )

    telegram_token: SecretStr | None = None
    telegram_base_url: str = "https://api.telegram.org/bot"
    telegram_secret: SecretStr | None = None
    telegram_mode: Literal["webhook", "polling"] = "webhook"

    zalo_oa_app_id: str = ""
    zalo_oa_app_secret: SecretStr | None = None
    zalo_oa_secret: SecretStr | None = None
    zalo_oa_api_url: str = "https://openapi.zalo.me"
    zalo_oa_oauth_url: str = "https://oauth.zaloapp.com"
    zalo_oa_phone_url: str = "https://business.openapi.zalo.me"
    zalo_oa_id: str = ""
    zalo_oa_paid_messages: bool = False
    zalo_oa_templates: Path | None = None
    zalo_bot_token: SecretStr | None = None
    zalo_bot_base_url: str = "https://bot-api.zaloplatforms.com"
    zalo_bot_secret: SecretStr | None = None
    zalo_bot_mode: Literal["webhook", "polling"] = "webhook"

    smtp_host: str = ""
    smtp_port: int = 587
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    smtp_user: str = ""
    smtp_password: SecretStr | None = None
    smtp_from: str = ""

    @field_validator("totp_required")
    @classmethod
    def _known_roles(cls, value: str) -> str:
        unknown = {name for name in _names(value) if name not in set(Role)}
        if unknown:
            raise ValueError(f"no such role: {', '.join(sorted(unknown))}")
        return value

    @property
    def totp_roles(self) -> frozenset[Role]:
        """Roles whose officers must use a second factor."""
        return frozenset(Role(name) for name in _names(self.totp_required))

    @property
    def effective_database_url(self) -> str:
        """The database that is used: the one set, or SQLite in the data folder."""
        return self.database_url or f"sqlite:///{self.data_dir / 'tiepdan.sqlite3'}"

    @property
    def effective_key_file(self) -> Path:
        """Where the sealing keys live; never inside the database."""
        return self.key_file or self.data_dir / "keys" / "sealing.json"


def _names(value: str) -> list[str]:
    return [name.strip() for name in value.split(",") if name.strip()]


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Settings of this process.

    Args:
        environ: the environment to read (default: the process's own). `TIEPDAN_X_FILE` names a
            file whose content is the value of `X`, unless `TIEPDAN_X` itself is set.

    Raises:
        SetupRefused: a value is malformed or a named file can't be read.
    """
    environment = os.environ if environ is None else environ
    values: dict[str, str] = {}
    for name in Settings.model_fields:
        variable = PREFIX + name.upper()
        if variable in environment:
            values[name] = environment[variable]
        elif variable + "_FILE" in environment:
            path = Path(environment[variable + "_FILE"])
            try:
                values[name] = path.read_text(encoding="utf-8").strip()
            except OSError as error:
                raise SetupRefused(
                    reason=f"{variable}_FILE can't be read: {error.strerror}"
                ) from error
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise SetupRefused(reason=f"{PREFIX}{field.upper()}: {first['msg']}") from error
