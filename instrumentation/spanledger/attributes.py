"""Every span attribute that Spanledger writes, once.

Names come from the semantic conventions where our oldest supported release has the constant; a test compares
the literals below with the constants of the installed release.
"""

from typing import Final

from opentelemetry.semconv._incubating.attributes.gen_ai_attributes import (
    GEN_AI_OPERATION_NAME,
    GEN_AI_REQUEST_MODEL,
    GEN_AI_RESPONSE_FINISH_REASONS,
    GEN_AI_RESPONSE_ID,
    GEN_AI_RESPONSE_MODEL,
    GEN_AI_USAGE_INPUT_TOKENS,
    GEN_AI_USAGE_OUTPUT_TOKENS,
)
from opentelemetry.semconv.attributes.error_attributes import ERROR_TYPE
from opentelemetry.semconv.attributes.http_attributes import HTTP_RESPONSE_STATUS_CODE
from opentelemetry.semconv.attributes.server_attributes import SERVER_ADDRESS, SERVER_PORT

# In newer releases of the conventions than our floor.
GEN_AI_PROVIDER_NAME: Final = "gen_ai.provider.name"
GEN_AI_REQUEST_STREAM: Final = "gen_ai.request.stream"
GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS: Final = "gen_ai.usage.cache_read.input_tokens"
GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS: Final = "gen_ai.usage.cache_write.input_tokens"
GEN_AI_USAGE_REASONING_OUTPUT_TOKENS: Final = "gen_ai.usage.reasoning.output_tokens"

TENANT_ID: Final = "spanledger.tenant.id"
OPERATION: Final = "spanledger.operation"
METADATA: Final = "spanledger.metadata"
RESPONSE_METADATA: Final = "spanledger.response.metadata"
USAGE_RAW: Final = "spanledger.usage.raw"
USAGE_FAMILY: Final = "spanledger.usage.family"
USAGE_STATUS: Final = "spanledger.usage.status"
SERVICE_TIER: Final = "spanledger.service_tier"
SPEED: Final = "spanledger.speed"
REGION: Final = "spanledger.region"
TIER_ASSUMED: Final = "spanledger.tier_assumed"
BATCH: Final = "spanledger.batch"
REPORTED_COST: Final = "spanledger.reported_cost"
REPORTED_COST_CURRENCY: Final = "spanledger.reported_cost.currency"
ERROR_MESSAGE: Final = "spanledger.error.message"
ATTEMPT: Final = "spanledger.attempt"
PROCESS: Final = "spanledger.process"
SEQUENCE: Final = "spanledger.sequence"
TIME_TO_FIRST_CHUNK_MS: Final = "spanledger.time_to_first_chunk_ms"

SERVICE_NAME: Final = "service.name"
DEPLOYMENT_ENVIRONMENT_NAME: Final = "deployment.environment.name"

__all__ = [
    "ATTEMPT",
    "BATCH",
    "DEPLOYMENT_ENVIRONMENT_NAME",
    "ERROR_MESSAGE",
    "ERROR_TYPE",
    "GEN_AI_OPERATION_NAME",
    "GEN_AI_PROVIDER_NAME",
    "GEN_AI_REQUEST_MODEL",
    "GEN_AI_REQUEST_STREAM",
    "GEN_AI_RESPONSE_FINISH_REASONS",
    "GEN_AI_RESPONSE_ID",
    "GEN_AI_RESPONSE_MODEL",
    "GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS",
    "GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS",
    "GEN_AI_USAGE_INPUT_TOKENS",
    "GEN_AI_USAGE_OUTPUT_TOKENS",
    "GEN_AI_USAGE_REASONING_OUTPUT_TOKENS",
    "HTTP_RESPONSE_STATUS_CODE",
    "METADATA",
    "OPERATION",
    "PROCESS",
    "REGION",
    "REPORTED_COST",
    "REPORTED_COST_CURRENCY",
    "RESPONSE_METADATA",
    "SEQUENCE",
    "SERVER_ADDRESS",
    "SERVER_PORT",
    "SERVICE_NAME",
    "SERVICE_TIER",
    "SPEED",
    "TENANT_ID",
    "TIER_ASSUMED",
    "TIME_TO_FIRST_CHUNK_MS",
    "USAGE_FAMILY",
    "USAGE_RAW",
    "USAGE_STATUS",
]
