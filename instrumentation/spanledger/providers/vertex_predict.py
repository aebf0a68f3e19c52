"""Google's `:predict`, embeddings and Imagen: there is no usage object of the whole, but counts beside each prediction.

Facts: TextEmbeddingPredictionResult of the Vertex reference (`predictions[].embeddings.statistics.token_count`,
`metadata.billableCharacterCount`), and its Imagen predictions, which are billed by the image; one that was filtered has
neither bytes nor an address.
"""

from typing import Any

from spanledger.providers.facts import Facts, Family, Json, Tokens, count, mapping, read_error, total


def read(facts: Facts, body: Json) -> None:
    """Gather the statistics of every prediction."""
    if error := mapping(body.get("error")):
        read_error(facts, {"type": error.get("status"), "message": error.get("message")})
    predictions = body.get("predictions")
    usage: dict[str, Any] = {}
    counts = [_token_count(prediction) for prediction in predictions] if type(predictions) is list else []
    if counts and all(found is not None for found in counts):
        usage["token_count"] = total(*counts)
    characters = count(mapping(body.get("metadata")).get("billableCharacterCount"))
    if characters is not None:
        usage["billableCharacterCount"] = characters
    if images := sum(_is_image(prediction) for prediction in predictions or () if type(predictions) is list):
        usage["generated_images"] = images
    if usage:
        facts.usage = usage
        facts.final = True


def _is_image(prediction: Any) -> bool:
    found = mapping(prediction)
    return "bytesBase64Encoded" in found or "gcsUri" in found


def _token_count(prediction: Any) -> int | None:
    statistics = mapping(mapping(mapping(prediction).get("embeddings")).get("statistics"))
    return count(statistics.get("token_count"))


def count_tokens(usage: Json) -> Tokens:
    """Token counts of what `read` gathered; there is no output to count."""
    return Tokens(input=count(usage.get("token_count")))


FAMILY = Family(name="vertex_predict", needles=(b'"statistics"', b'"error"'), read=read, count=count_tokens)
