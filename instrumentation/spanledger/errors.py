"""The exceptions of the SDK.

    SpanledgerError
    ├── SettingError          a setting's text cannot be read; instrument() logs it and takes the default
    └── TenantMissingError    strict mode, and nobody said who pays: the call is not sent

Nothing here is ever raised into a service's call path, but the last, which has to be asked for.
"""


class SpanledgerError(Exception):
    """Base of all exceptions of `spanledger`."""


class SettingError(SpanledgerError):
    """A setting has a value that cannot be used; the message says what would do."""


class TenantMissingError(SpanledgerError):
    """An LLM call without a tenant was refused, before it was sent, since `strict` is set."""
