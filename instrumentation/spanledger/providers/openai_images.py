"""OpenAI's images: generations, edits and variations, as a document or a stream of partial images.

Facts: ImagesResponse and ImageGenCompletedEvent of OpenAI's API reference. Models before gpt-image, and those of other
hosts, report no usage: what is billed is the number of images.
"""

from spanledger.providers.facts import Facts, Family, Json, Tokens, count, read_error, text


def read(facts: Facts, body: Json) -> None:
    """Fold an answer, or one event of its stream, into the facts."""
    facts.response_model = facts.response_model or text(body.get("model"))
    if body.get("error"):
        read_error(facts, body["error"])
    images = body.get("data")
    if type(images) is list and images:
        facts.metadata["images"] = str(len(images))
    usage = body.get("usage")
    if type(usage) is dict and usage:
        facts.usage = usage
        facts.final = True


def count_images(facts: Facts, _: int | None) -> None:
    """The images of an answer that names no usage."""
    if (images := facts.metadata.get("images")) is not None:
        facts.usage = {"generated_images": int(images)}
        facts.final = True


def count_tokens(usage: Json) -> Tokens:
    """Token counts of an images usage object; both totals are inclusive already."""
    return Tokens(input=count(usage.get("input_tokens")), output=count(usage.get("output_tokens")))


FAMILY = Family(
    name="openai_images",
    needles=(b'_tokens"', b'"error"'),
    read=read,
    count=count_tokens,
    unreported=count_images,
)
