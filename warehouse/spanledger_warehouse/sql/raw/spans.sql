-- Span records as they arrived: nothing is corrected here, counts are kept as the text that came.
-- grain: file_id, line
-- materialized: loaded
-- columns:
--   file_id: the file in raw.files
--   line: line in the file, from 1
--   day: UTC day on which the call ended
--   call_id: identity of the call: process-sequence for our spans, trace_id-span_id otherwise
--   format_version: version of the record format
--   process: identity of the run of the process that made the call
--   sequence: number of the call within the process, from 1
--   trace_id: OpenTelemetry trace id (32 hex digits)
--   span_id: OpenTelemetry span id (16 hex digits)
--   parent_span_id: span id of the parent (16 hex digits)
--   scope: instrumentation scope that made the span; spanledger is our own
--   scope_version: version of the instrumentation scope
--   span_name: name of the span
--   span_kind: OpenTelemetry span kind, lower case
--   started_at: start of the call (UTC)
--   ended_at: end of the call, for a stream the end of the stream (UTC)
--   status_code: OpenTelemetry span status: unset, ok, error
--   service: service.name of the caller
--   environment: deployment.environment.name of the caller
--   tenant: tenant as sent; may be absent here
--   operation: business operation that the caller named
--   request_metadata: caller's metadata (JSON object as text)
--   response_metadata: response facts worth keeping (JSON object as text)
--   gen_ai_operation: API verb: chat, embeddings, text_completion
--   provider: provider as the span names it
--   request_model: model that was asked for
--   response_model: model that answered
--   response_id: id the provider gave its answer
--   stream: whether the answer was streamed
--   http_status: HTTP status of the answer
--   error_type: error class or code; null when the call succeeded
--   error_message: error message, only where it is known to hold no content
--   attempt: HTTP attempt within one logical call, from 1
--   input_tokens_text: inclusive input tokens, as sent
--   output_tokens_text: inclusive output tokens, as sent
--   cache_read_tokens_text: input tokens read from a cache, as sent
--   cache_write_tokens_text: input tokens written to a cache, as sent
--   reasoning_tokens_text: output tokens spent on reasoning, as sent
--   usage_raw: the provider's own usage object (JSON as text)
--   usage_family: payload family that the usage object belongs to
--   usage_status: complete, partial or missing
--   service_tier: service tier as served, else as requested
--   speed: speed tier as served
--   region: region or residency as served
--   tier_assumed: true when the tier is the requested one because the answer named none
--   batch: whether the call went through a batch endpoint
--   reported_cost_text: cost that the provider itself reported, as sent
--   reported_cost_currency: currency of the reported cost
--   attributes: remaining span attributes (JSON object)
--   resource: remaining resource attributes (JSON object)
--   extra: keys of the record that this release does not know (JSON object); null when there are none
--   content_hash: hash of the record's line, to notice copies that differ
create table raw.spans (
    file_id bigint not null,
    line bigint not null,
    day date not null,
    call_id varchar not null,
    format_version integer not null,
    process varchar,
    sequence bigint,
    trace_id varchar,
    span_id varchar,
    parent_span_id varchar,
    scope varchar,
    scope_version varchar,
    span_name varchar,
    span_kind varchar,
    started_at timestamp not null,
    ended_at timestamp not null,
    status_code varchar,
    service varchar,
    environment varchar,
    tenant varchar,
    operation varchar,
    request_metadata varchar,
    response_metadata varchar,
    gen_ai_operation varchar,
    provider varchar,
    request_model varchar,
    response_model varchar,
    response_id varchar,
    stream boolean,
    http_status integer,
    error_type varchar,
    error_message varchar,
    attempt integer,
    input_tokens_text varchar,
    output_tokens_text varchar,
    cache_read_tokens_text varchar,
    cache_write_tokens_text varchar,
    reasoning_tokens_text varchar,
    usage_raw varchar,
    usage_family varchar,
    usage_status varchar,
    service_tier varchar,
    speed varchar,
    region varchar,
    tier_assumed boolean,
    batch boolean,
    reported_cost_text varchar,
    reported_cost_currency varchar,
    attributes json,
    resource json,
    extra json,
    content_hash varchar not null
)
