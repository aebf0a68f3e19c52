"""Every setting once: an argument of `instrument()`, a variable, a default and a reader."""

import importlib
import os
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from spanledger.diagnostics import logger
from spanledger.errors import SettingError

if TYPE_CHECKING:
    from spanledger.providers.routes import HostRule

Clock = Callable[[], int]


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings in force.

    Attributes:
        disabled: nothing is hooked and nothing is written.
        home: folder of everything that Spanledger keeps.
        spool: folder of the spool.
        tenant: tenant of calls outside of any `context(tenant=...)`.
        operation: operation of calls outside of any `context(operation=...)`.
        strict: refuse an LLM call without a tenant, with `TenantMissingError`.
        baggage_tenant: key of inbound W3C baggage that may name the tenant; None trusts no baggage.
        provider_hosts: further hosts and the providers behind them.
        clock: UTC nanoseconds since 1970.
        mirror: show the spans in the application's own traces too.
        otlp: `off`, or the stock exporter `also` beside the spool, or `only` that.
        error_messages: store providers' error messages that no template knows.
        include_usage: ask OpenAI-compatible streams for their usage where the caller does not.
        log_calls: write one line per call to the log, with an estimate of its cost.
        seeds: folder of the price catalogue for that estimate; None for the one that ships with the SDK.
        segment_bytes: size at which a spool file is sealed, in bytes.
        segment_seconds: age at which a spool file is sealed, in seconds.
        fsync: when records are synced to the disk: `none`, `interval` or `always`.
        stall_seconds: how long a call waits for its record to be written at most, in seconds.
    """

    disabled: bool
    home: Path
    spool: Path
    tenant: str | None
    operation: str | None
    strict: bool
    baggage_tenant: str | None
    provider_hosts: "tuple[HostRule, ...]"
    clock: Clock
    mirror: bool
    otlp: str
    error_messages: bool
    include_usage: bool
    log_calls: bool
    seeds: Path | None
    segment_bytes: int
    segment_seconds: float
    fsync: str
    stall_seconds: float


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table: argument, variable, default, and how a value is read."""

    argument: str
    variable: str
    default: Any
    read: Callable[[Any], Any]


def resolve(arguments: Mapping[str, Any], environment: Mapping[str, str] | None = None) -> Settings:
    """Work out the settings; what cannot be read is logged in words, and its default is taken.

    Args:
        arguments: as given to `instrument()`; None means not given.
        environment: environment variables; the process's own when None.

    Returns:
        Complete settings.
    """
    settings, complaints = examine(arguments, os.environ if environment is None else environment)
    for complaint in complaints:
        logger.error("%s", complaint)
    return settings


def examine(arguments: Mapping[str, Any], environment: Mapping[str, str]) -> tuple[Settings, list[str]]:
    """The settings, and what is wrong with those that were given, in words."""
    known = {setting.argument for setting in TABLE}
    complaints = [
        f"instrument() has no setting {name!r}; it is ignored. There are: {', '.join(sorted(known))}."
        for name in arguments
        if name not in known
    ]
    values: dict[str, Any] = {}
    for setting in TABLE:
        value, origin = arguments.get(setting.argument), f"instrument({setting.argument}=...)"
        if value is None:
            value, origin = environment.get(setting.variable) or None, setting.variable
        try:
            values[setting.argument] = setting.default if value is None else setting.read(value)
        except SettingError as error:
            complaints.append(f"{origin} is {value!r}, but {error}. The default is used.")
            values[setting.argument] = setting.default
    values["home"] = values["home"].absolute()
    values["spool"] = values["spool"] or values["home"] / "spool"
    return Settings(**values), complaints


def _text(value: Any) -> str | None:
    if not isinstance(value, str) or len(value) > 256:
        raise SettingError("it must be text of at most 256 characters")
    return value.strip() or None


def _flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word in ("1", "true", "yes", "on"):
        return True
    if word in ("0", "false", "no", "off"):
        return False
    raise SettingError("it must be true or false")


def _path(value: Any) -> Path:
    try:
        # Absolute from the start: a service that changes its folder later keeps its spool.
        return Path(value).expanduser().absolute()
    except (TypeError, ValueError, RuntimeError, OSError):
        raise SettingError("it must be a folder") from None


def _positive(kind: type[int] | type[float], unit: str) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        try:
            number = kind(value)
        except (TypeError, ValueError, OverflowError):
            number = kind(0)
        if isinstance(value, bool) or not 0 < number < 2**53:
            raise SettingError(f"it must be a number of {unit} above 0")
        return number

    return read


def _one_of(*words: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        word = str(value).strip().lower()
        if word not in words:
            raise SettingError(f"it must be one of {', '.join(words)}")
        return word

    return read


def _clock(value: Any) -> Clock:
    clock = value
    if isinstance(value, str):
        module, _, function = value.partition(":")
        try:
            clock = getattr(importlib.import_module(module), function)
        except (ImportError, AttributeError, ValueError) as error:
            raise SettingError(f"it must be module:function, and {error}") from None
    if not callable(clock):
        raise SettingError("it must be a function or module:function")
    try:
        now = clock()
    except Exception as error:  # a caller's function may do anything
        raise SettingError(f"calling it raised {type(error).__name__}") from None
    if type(now) is not int:
        raise SettingError("it must return an int, UTC nanoseconds since 1970")
    return clock  # type: ignore[no-any-return]


def _hosts(value: Any) -> "tuple[HostRule, ...]":
    if isinstance(value, Mapping):
        value = ",".join(f"{host}={provider}" for host, provider in value.items())
    if not isinstance(value, str):
        raise SettingError("it must be a list of host[:port][/path-prefix]=provider, with commas between")
    return tuple(_host(rule.strip()) for rule in value.split(",") if rule.strip())


def _host(rule: str) -> "HostRule":
    from spanledger.providers.routes import HostRule

    place, _, provider = rule.rpartition("=")
    try:
        parts = urlsplit("//" + place.strip().removeprefix("https://").removeprefix("http://"))
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or not re.fullmatch(r"[\w.\-]{1,64}", provider.strip()):
        raise SettingError(f"{rule!r} is not host[:port][/path-prefix]=provider")
    return HostRule(host, port, parts.path.rstrip("/"), provider.strip())


TABLE: Final[tuple[Setting, ...]] = (
    Setting("disabled", "SPANLEDGER_DISABLED", False, _flag),
    Setting("home", "SPANLEDGER_HOME", Path(".spanledger"), _path),
    Setting("spool", "SPANLEDGER_SPOOL", None, _path),
    Setting("tenant", "SPANLEDGER_TENANT", None, _text),
    Setting("operation", "SPANLEDGER_OPERATION", None, _text),
    Setting("strict", "SPANLEDGER_STRICT", False, _flag),
    Setting("baggage_tenant", "SPANLEDGER_BAGGAGE_TENANT", None, _text),
    Setting("provider_hosts", "SPANLEDGER_PROVIDER_HOSTS", (), _hosts),
    Setting("clock", "SPANLEDGER_CLOCK", time.time_ns, _clock),
    Setting("mirror", "SPANLEDGER_MIRROR", True, _flag),
    Setting("otlp", "SPANLEDGER_OTLP", "off", _one_of("off", "also", "only")),
    Setting("error_messages", "SPANLEDGER_ERROR_MESSAGES", False, _flag),
    Setting("include_usage", "SPANLEDGER_INCLUDE_USAGE", False, _flag),
    Setting("log_calls", "SPANLEDGER_LOG_CALLS", False, _flag),
    Setting("seeds", "SPANLEDGER_SEEDS", None, _path),
    Setting("segment_bytes", "SPANLEDGER_SEGMENT_BYTES", 16 << 20, _positive(int, "bytes")),
    Setting("segment_seconds", "SPANLEDGER_SEGMENT_SECONDS", 60.0, _positive(float, "seconds")),
    Setting("fsync", "SPANLEDGER_FSYNC", "none", _one_of("none", "interval", "always")),
    Setting("stall_seconds", "SPANLEDGER_STALL_SECONDS", 0.1, _positive(float, "seconds")),
)
