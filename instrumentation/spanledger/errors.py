"""The exceptions of the SDK.

    SpanledgerError
    └── SettingError    a setting's text cannot be read; instrument() logs it and takes the default

Nothing here is ever raised into a service's call path.
"""


class SpanledgerError(Exception):
    """Base of all exceptions of `spanledger`."""


class SettingError(SpanledgerError):
    """A setting has a value that cannot be used; the message says what would do."""
