"""The settings of every process: the only room that reads the environment, profiles, settings file and secrets."""

from config.loading import load_settings
from config.problems import Problem, SettingsError
from config.settings import Settings
from config.settings_registry import Registry as SettingsRegistry
from config.values import (
    SERVICES,
    DeployMode,
    Endpoint,
    Environment,
    IdentitySettings,
    LogSettings,
    ModelSettings,
)

__all__ = [
    "SERVICES",
    "DeployMode",
    "Endpoint",
    "Environment",
    "IdentitySettings",
    "LogSettings",
    "ModelSettings",
    "Problem",
    "Settings",
    "SettingsError",
    "SettingsRegistry",
    "load_settings",
]
