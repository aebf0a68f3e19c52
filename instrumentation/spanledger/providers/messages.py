"""Error messages that are safe to store: the providers' fixed sentences, with numbers and names filled in. Pure."""

import re
from typing import Final

_NAME: Final = r"[\w./:@-]{1,128}"

# Whole sentences only. Messages that quote the request or a key ("Incorrect API key provided: sk-…") have no row.
_TEMPLATES: Final = tuple(
    re.compile(template)
    for template in (
        rf"Rate limit reached for {_NAME} in organization {_NAME} on [\w ()/]{{1,64}}: Limit:? [\d.]+, Used:? [\d.]+, "
        r"Requested:? [\d.]+\. Please try again in [\w.]+\.( Visit \S{1,128} to learn more\.)?",
        r"Rate limit (reached|exceeded)\.?",
        r"Rate limit exceeded: [\w-]{1,64}\.?",
        r"(This request would exceed|Number of request tokens has exceeded) your (organization's )?"
        r"(per-minute |daily )?rate limit( of [\d,]+ [\w ]{1,48})?\.?( \(?https://\S{1,128})?",
        r"You exceeded your current quota, please check your plan and billing details\."
        r"( For more information on this error, read the docs: https://\S{1,128})?",
        r"Your credit balance is too low to access the (Anthropic|Claude) API\. "
        r"Please go to Plans & Billing to upgrade or purchase credits\.",
        r"Insufficient credits\.?( Add more using https://\S{1,128})?",
        r"Overloaded",
        r"(That model|The model|The engine|The server) is currently overloaded( with other requests)?\.?"
        r"( Please try again later\.?| You can retry your request[\w ,.]{0,128})?",
        r"Internal server error\.?",
        r"The server had an error (while )?processing your request\.?[\w ,.!]{0,160}",
        r"This model's maximum context length is \d+ tokens\. However, (you requested \d+ tokens \(\d+ in the "
        r"messages, \d+ in the completion\)|your messages resulted in \d+ tokens( \(\d+ in the messages, "
        r"\d+ in the functions\))?)\. Please reduce the length of the messages( or( functions or)? completion)?\.",
        r"Your input exceeds the context window of this model\. Please adjust your input and try again\.",
        r"prompt is too long: \d+ tokens > \d+ maximum",
        r"input length and `max_tokens` exceed context limit: \d+ \+ \d+ > \d+, "
        r"decrease input length or `max_tokens` and try again",
        rf"The model [`']{_NAME}[`'] (does not exist( or you do not have access to it\.?)?|has been deprecated[\w ,.]*)",
        rf"model: {_NAME}",
        r"Resource not found",
        r"invalid x-api-key",
        r"No (cookie )?auth credentials found",
        r"(Request timed out|Timeout)\.?",
    )
)


def is_known(message: str) -> bool:
    """Whether the whole message is one of the providers' fixed sentences."""
    return any(template.fullmatch(message) for template in _TEMPLATES)
