"""Undoes Content-Encoding bit by bit, for streams that are passed on compressed, and does it again."""

import importlib
import zlib
from collections.abc import Callable
from typing import Any, Final, NamedTuple

_SLICE: Final = 65_536
Feed = Callable[[bytes], None]


def decompressor(encodings: str | None, sink: Feed) -> Feed | None:
    """A function that takes compressed bytes and hands plain ones to `sink`.

    Args:
        encodings: the Content-Encoding header, or None.
        sink: receives plain bytes, at most about 64 KiB at a time for zlib formats.

    Returns:
        `sink` itself when nothing is compressed; None when an encoding is unknown or its library is missing.
    """
    if not encodings:
        return sink
    feed: Feed | None = sink
    for encoding in encodings.lower().split(","):
        maker = _MAKERS.get(encoding.strip())
        if maker is None or feed is None:
            return None
        feed = maker(feed)
    return feed


class _Inflate:
    """gzip and deflate, several members one after the other."""

    def __init__(self, sink: Feed, window: int) -> None:
        self._sink = sink
        self._window = window
        self._inner = zlib.decompressobj(window)

    def __call__(self, data: bytes) -> None:
        while data:
            plain = self._inner.decompress(data, _SLICE)
            if plain:
                self._sink(plain)
            data = self._inner.unconsumed_tail
            if self._inner.eof:
                data = self._inner.unused_data.lstrip(b"\0")
                self._inner = zlib.decompressobj(self._window)


class _Deflate:
    """Deflate, with the zlib header that the standard asks for or without it, as some servers send it."""

    def __init__(self, sink: Feed) -> None:
        self._sink = sink
        self._head = b""
        self._inflate: _Inflate | None = None

    def __call__(self, data: bytes) -> None:
        if self._inflate is None:
            data = self._head = self._head + data
            if len(data) < 2:
                return
            has_header = data[0] & 0x0F == 8 and (data[0] << 8 | data[1]) % 31 == 0
            self._inflate = _Inflate(self._sink, zlib.MAX_WBITS if has_header else -zlib.MAX_WBITS)
        self._inflate(data)


def _gzip(sink: Feed) -> Feed:
    return _Inflate(sink, zlib.MAX_WBITS | 16)


def _brotli(sink: Feed) -> Feed | None:
    library = _first("brotli", "brotlicffi")
    if library is None:
        return None
    inner = library.Decompressor()
    step = getattr(inner, "process", None) or inner.decompress
    return lambda data: sink(step(data))


def _zstd(sink: Feed) -> Feed | None:
    library: Any = _first("zstandard")
    if library is not None:
        inner = library.ZstdDecompressor().decompressobj()
    else:
        library = _first("compression.zstd", "backports.zstd")
        if library is None:
            return None
        inner = library.ZstdDecompressor()
    return lambda data: sink(inner.decompress(data))


class Recompressor(NamedTuple):
    """Compresses again what was undone, each piece so that its reader can have it at once.

    Attributes:
        step: plain bytes to compressed ones.
        end: the closing bytes.
    """

    step: Callable[[bytes], bytes]
    end: Callable[[], bytes]


def recompressor(encoding: str) -> Recompressor | None:
    """The way back of one encoding; None when it is unknown, several, or its library is missing.

    Args:
        encoding: one Content-Encoding, lower case.
    """
    window = {"gzip": zlib.MAX_WBITS | 16, "x-gzip": zlib.MAX_WBITS | 16, "deflate": zlib.MAX_WBITS}.get(
        encoding
    )
    if window is not None:
        inner: Any = zlib.compressobj(1, zlib.DEFLATED, window)
        return Recompressor(lambda data: inner.compress(data) + inner.flush(zlib.Z_SYNC_FLUSH), inner.flush)
    if encoding == "br" and (library := _first("brotli", "brotlicffi")) is not None:
        inner = library.Compressor(quality=1)
        step = getattr(inner, "process", None) or inner.compress
        return Recompressor(lambda data: step(data) + inner.flush(), inner.finish)
    return _again_zstd() if encoding == "zstd" else None


def _again_zstd() -> Recompressor | None:
    library: Any = _first("zstandard")
    if library is not None:
        inner = library.ZstdCompressor().compressobj()
        block = library.COMPRESSOBJ_FLUSH_BLOCK
        return Recompressor(lambda data: inner.compress(data) + inner.flush(block), inner.flush)
    library = _first("compression.zstd", "backports.zstd")
    if library is None:
        return None
    inner = library.ZstdCompressor()
    return Recompressor(lambda data: inner.compress(data, inner.FLUSH_BLOCK), inner.flush)


def _first(*names: str) -> Any:
    for name in names:
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    return None


_MAKERS: Final[dict[str, Callable[[Feed], Feed | None]]] = {
    "": lambda sink: sink,
    "identity": lambda sink: sink,
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _Deflate,
    "br": _brotli,
    "zstd": _zstd,
}
