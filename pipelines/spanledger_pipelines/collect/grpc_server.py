"""OTLP over gRPC: the same receiver behind `opentelemetry.proto.collector.trace.v1.TraceService/Export`."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, NoReturn

import grpc
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from spanledger_pipelines.collect import bodies
from spanledger_pipelines.collect.limits import RefusedError
from spanledger_pipelines.collect.receiver import COMMIT_SECONDS, Receiver, unavailable
from spanledger_pipelines.collect.tls import Tls
from spanledger_warehouse.errors import ConfigurationError

EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
_STATUSES = {
    401: grpc.StatusCode.UNAUTHENTICATED,
    403: grpc.StatusCode.PERMISSION_DENIED,
    429: grpc.StatusCode.UNAVAILABLE,
    503: grpc.StatusCode.UNAVAILABLE,
}


def start(receiver: Receiver, host: str, port: int, tls: Tls | None = None) -> tuple[Any, int]:
    """Start the server, encrypted where there is a certificate.

    Returns:
        The server and its port.

    Raises:
        ConfigurationError: the address cannot be had.
    """
    limits = receiver.limits
    server = grpc.server(
        ThreadPoolExecutor(16, thread_name_prefix="spanledger-grpc"),
        maximum_concurrent_rpcs=limits.requests,
        options=[
            ("grpc.max_receive_message_length", limits.body_bytes),
            # gRPC would inflate a message without a cap on what comes out; `bodies` does it with one.
            ("grpc.per_message_decompression", 0),
            ("grpc.so_reuseport", 0),
        ],
    )
    server.add_generic_rpc_handlers((_Handlers(receiver),))
    try:
        address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        if tls is None:
            bound = server.add_insecure_port(address)
        else:
            pair = (tls.key.read_bytes(), tls.certificate.read_bytes())
            bound = server.add_secure_port(address, grpc.ssl_server_credentials([pair]))
    except RuntimeError as error:
        raise ConfigurationError(
            f"gRPC cannot listen on {host}:{port}: {error}; choose another port"
        ) from error
    server.start()
    return server, bound


class _Handlers(grpc.GenericRpcHandler):  # type: ignore[misc]  # grpc ships no types
    def __init__(self, receiver: Receiver) -> None:
        # No deserializer: the bytes come as they were on the wire, to be counted before they are parsed.
        self._export = grpc.unary_unary_rpc_method_handler(partial(_export, receiver))

    def service(self, details: Any) -> Any:
        return self._export if details.method == EXPORT else None


def _export(receiver: Receiver, message: bytes, context: Any) -> bytes:
    try:
        answer = _take(receiver, message, context)
    except RefusedError as refusal:
        receiver.metrics.add("requests_total", transport="grpc", answer=str(refusal.status))
        _abort(refusal, context)
    receiver.metrics.add("requests_total", transport="grpc", answer="200")
    return bytes(answer.SerializeToString())


def _take(receiver: Receiver, message: bytes, context: Any) -> ExportTraceServiceResponse:
    metadata = {key.lower(): value for key, value in context.invocation_metadata()}
    source = receiver.sources.authenticate(metadata.get("authorization"))
    with receiver.admission() as hold:
        hold(len(message))
        receiver.metrics.add("received_bytes_total", len(message))
        converting, durable = receiver.traces(partial(bodies.inflate_grpc, message), source, is_json=False)
        try:
            outcome = converting.result(COMMIT_SECONDS)
            durable.result(COMMIT_SECONDS)
        except (OSError, TimeoutError) as error:
            raise unavailable(error) from error
    receiver.count(outcome, source)
    answer = ExportTraceServiceResponse()
    if outcome.refused:
        answer.partial_success.rejected_spans = outcome.refused
        answer.partial_success.error_message = outcome.message
    return answer


def _abort(refusal: RefusedError, context: Any) -> NoReturn:
    code = _STATUSES.get(refusal.status, grpc.StatusCode.INVALID_ARGUMENT)
    if refusal.retry_after is not None:
        status = Status(code=code.value[0], message=refusal.message)
        status.details.add().Pack(RetryInfo(retry_delay=Duration(seconds=refusal.retry_after)))
        context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(code, refusal.message)
    raise AssertionError("abort() raises")
