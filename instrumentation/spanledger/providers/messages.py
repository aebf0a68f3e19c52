"""Error messages that are safe to store: the providers' fixed sentences, with numbers and names filled in."""

import re
from typing import Final

_NAME: Final = r"[\w./:@-]{1,128}"
_LINK: Final = r"https://[\w./?=#-]{1,128}"

# Whole sentences only. Those that quote the request or a key ("Incorrect API key provided: …") have no row.
_TEMPLATES: Final = (
    (
        rf"Rate limit reached for {_NAME} in organization {_NAME} on [\w ()/]{{1,64}}: "
        r"Limit:? [\d.]+, Used:? [\d.]+, Requested:? [\d.]+\. Please try again in [\w.]+\."
        rf"( Visit {_LINK} to learn more\.)?"
    ),
    r"Rate limit (reached|exceeded)(: [\w-]{1,64})?\.?",
    r"This request would exceed your (organization's |account's )?rate limit( of [\d,]+ [\w ]{1,48})?\.?",
    (
        r"You exceeded your current quota, please check your plan and billing details\."
        rf"( For more information on this error, read the docs: {_LINK})?"
    ),
    (
        r"Your credit balance is too low to access the (Anthropic|Claude) API\. "
        r"Please go to Plans & Billing to upgrade or purchase credits\."
    ),
    rf"Insufficient credits\.?( Add more using {_LINK})?",
    r"Overloaded",
    (
        r"(That model|The model|The engine|The server) is currently overloaded( with other requests)?\.?"
        r"( Please try again later\.?)?"
    ),
    r"(Internal server error|Request timed out|Timeout|Resource not found)\.?",
    r"The server had an error (while )?processing your request\.?( Sorry about that!)?",
    (
        r"This model's maximum context length is \d+ tokens\. However, "
        r"(you requested \d+ tokens \(\d+ in the messages, \d+ in the completion\)"
        r"|your messages resulted in \d+ tokens( \(\d+ in the messages, \d+ in the functions\))?)\. "
        r"Please reduce the length of the messages( or functions)?( or completion)?\."
    ),
    r"Your input exceeds the context window of this model\. Please adjust your input and try again\.",
    r"prompt is too long: \d+ tokens > \d+ maximum",
    (
        r"input length and `max_tokens` exceed context limit: \d+ \+ \d+ > \d+, "
        r"decrease input length or `max_tokens` and try again"
    ),
    rf"The model [`']{_NAME}[`'] (does not exist( or you do not have access to it)?|has been deprecated)\.?",
    rf"model: {_NAME}",
    r"invalid x-api-key",
    r"No (cookie )?auth credentials found",
)
_ANY: Final = re.compile("|".join(f"(?:{template})" for template in _TEMPLATES))


def is_known(message: str) -> bool:
    """Whether the whole message is one of the providers' fixed sentences."""
    return _ANY.fullmatch(message) is not None
