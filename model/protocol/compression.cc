#include "model/protocol/compression.h"

#include <fmt/core.h>
#include <lz4frame.h>
#include <snappy-c.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>

#include "sim/base/assert.h"

namespace squall::model {

namespace {

constexpr std::size_t chunk_bytes = 64 * 1024;

Error corrupt(Compression codec, std::string_view what) {
    return Error{Failure::corrupt, fmt::format("{}: {}", to_string(codec), what)};
}

Error too_large(Compression codec, std::size_t max_bytes) {
    return corrupt(codec, fmt::format("more than {} bytes come out", max_bytes));
}

// What a decoder writes into, piece by piece, up to a limit.
class BoundedOutput {
  public:
    explicit BoundedOutput(std::size_t max_bytes) : max_bytes_(max_bytes) {}

    // Takes what the decoder put into a chunk. False if it is too much.
    bool take(const std::uint8_t* data, std::size_t size) {
        if (size > max_bytes_ - bytes_.size()) return false;
        bytes_.insert(bytes_.end(), data, data + size);
        return true;
    }
    Bytes bytes() && { return std::move(bytes_); }

  private:
    std::size_t max_bytes_;
    Bytes bytes_;
};

// ---- gzip ----

constexpr int gzip_window_bits = 15 + 16;  // the largest window, with gzip's header and trailer

Bytes gzip_compress(ByteView bytes) {
    z_stream stream{};
    const int begun = deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, gzip_window_bits, 8,
                                   Z_DEFAULT_STRATEGY);
    ASSERT(begun == Z_OK, "deflateInit2: {}", begun);
    Bytes out(deflateBound(&stream, bytes.size()));
    stream.next_in = const_cast<std::uint8_t*>(bytes.data());  // zlib does not write there
    stream.avail_in = static_cast<uInt>(bytes.size());
    stream.next_out = out.data();
    stream.avail_out = static_cast<uInt>(out.size());
    const int ended = deflate(&stream, Z_FINISH);
    ASSERT(ended == Z_STREAM_END, "deflate into its own bound: {}", ended);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

Result<Bytes> gzip_decompress(ByteView bytes, std::size_t max_bytes) {
    z_stream stream{};
    const int begun = inflateInit2(&stream, gzip_window_bits);
    ASSERT(begun == Z_OK, "inflateInit2: {}", begun);
    const std::unique_ptr<z_stream, int (*)(z_stream*)> end_at_exit(&stream, inflateEnd);
    stream.next_in = const_cast<std::uint8_t*>(bytes.data());
    stream.avail_in = static_cast<uInt>(bytes.size());
    BoundedOutput output(max_bytes);
    Bytes chunk(chunk_bytes);
    for (;;) {
        stream.next_out = chunk.data();
        stream.avail_out = static_cast<uInt>(chunk.size());
        const int state = inflate(&stream, Z_NO_FLUSH);
        if (state != Z_OK && state != Z_STREAM_END) {
            return corrupt(Compression::gzip, stream.msg == nullptr ? "cut short" : stream.msg);
        }
        if (!output.take(chunk.data(), chunk.size() - stream.avail_out)) {
            return too_large(Compression::gzip, max_bytes);
        }
        if (state == Z_STREAM_END) return std::move(output).bytes();
    }
}

// ---- snappy ----

// xerial's framing (snappy-java): a header of magic, version and oldest compatible version, then
// blocks, each a raw snappy block behind its length.
constexpr std::array<std::uint8_t, 8> xerial_magic{0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0};
constexpr std::int32_t xerial_version = 1;
constexpr std::size_t xerial_header_bytes = xerial_magic.size() + 2 * sizeof(std::int32_t);
constexpr std::size_t xerial_block_bytes = 32 * 1024;

Bytes snappy_compress(ByteView bytes) {
    Bytes out(xerial_magic.begin(), xerial_magic.end());
    ByteWriter writer(out);
    writer.integer(xerial_version);
    writer.integer(xerial_version);
    Bytes block(snappy_max_compressed_length(xerial_block_bytes));
    for (std::size_t at = 0; at < bytes.size(); at += xerial_block_bytes) {
        const ByteView piece = bytes.subspan(at, std::min(xerial_block_bytes, bytes.size() - at));
        std::size_t size = block.size();
        const snappy_status status =
            ::snappy_compress(reinterpret_cast<const char*>(piece.data()), piece.size(),
                              reinterpret_cast<char*>(block.data()), &size);
        ASSERT(status == SNAPPY_OK, "snappy_compress: {}", static_cast<int>(status));
        writer.integer(static_cast<std::int32_t>(size));
        writer.bytes(ByteView(block).first(size));
    }
    return out;
}

Status snappy_block(ByteView block, std::size_t max_bytes, Bytes& out) {
    const char* const in = reinterpret_cast<const char*>(block.data());
    std::size_t size = 0;
    if (snappy_uncompressed_length(in, block.size(), &size) != SNAPPY_OK) {
        return corrupt(Compression::snappy, "a block without its length");
    }
    if (size > max_bytes - out.size()) return too_large(Compression::snappy, max_bytes);
    // The claim costs nothing to check, the memory does.
    if (snappy_validate_compressed_buffer(in, block.size()) != SNAPPY_OK) {
        return corrupt(Compression::snappy, "not a block");
    }
    const std::size_t before = out.size();
    out.resize(before + size);
    const snappy_status status =
        snappy_uncompress(in, block.size(), reinterpret_cast<char*>(out.data() + before), &size);
    if (status != SNAPPY_OK) return corrupt(Compression::snappy, "not a block");
    return success();
}

Result<Bytes> snappy_decompress(ByteView bytes, std::size_t max_bytes) {
    Bytes out;
    const bool is_framed = bytes.size() >= xerial_header_bytes &&
                           std::equal(xerial_magic.begin(), xerial_magic.end(), bytes.begin());
    if (!is_framed) {
        if (Status read = snappy_block(bytes, max_bytes, out); !read) return read.error();
        return out;
    }
    ByteReader reader(bytes.subspan(xerial_header_bytes));
    while (reader.remaining() > 0) {
        const auto size = reader.integer<std::int32_t>();
        if (size < 0) return corrupt(Compression::snappy, "a block of negative length");
        const ByteView block = reader.bytes(static_cast<std::size_t>(size));
        if (!reader.ok()) return corrupt(Compression::snappy, "cut short");
        if (Status read = snappy_block(block, max_bytes, out); !read) return read.error();
    }
    return out;
}

// ---- lz4 ----

Bytes lz4_compress(ByteView bytes) {
    LZ4F_preferences_t preferences{};
    preferences.frameInfo.blockMode = LZ4F_blockIndependent;  // Java's reader knows no other
    Bytes out(LZ4F_compressFrameBound(bytes.size(), &preferences));
    const std::size_t size =
        LZ4F_compressFrame(out.data(), out.size(), bytes.data(), bytes.size(), &preferences);
    ASSERT(LZ4F_isError(size) == 0, "LZ4F_compressFrame: {}", LZ4F_getErrorName(size));
    out.resize(size);
    return out;
}

Result<Bytes> lz4_decompress(ByteView bytes, std::size_t max_bytes) {
    LZ4F_dctx* context = nullptr;
    const LZ4F_errorCode_t begun = LZ4F_createDecompressionContext(&context, LZ4F_VERSION);
    ASSERT(LZ4F_isError(begun) == 0, "LZ4F_createDecompressionContext: {}",
           LZ4F_getErrorName(begun));
    const std::unique_ptr<LZ4F_dctx, LZ4F_errorCode_t (*)(LZ4F_dctx*)> end_at_exit(
        context, LZ4F_freeDecompressionContext);
    BoundedOutput output(max_bytes);
    Bytes chunk(chunk_bytes);
    std::size_t at = 0;
    for (;;) {
        std::size_t written = chunk.size();
        std::size_t read = bytes.size() - at;
        const std::size_t hint =
            LZ4F_decompress(context, chunk.data(), &written, bytes.data() + at, &read, nullptr);
        if (LZ4F_isError(hint) != 0) return corrupt(Compression::lz4, LZ4F_getErrorName(hint));
        if (!output.take(chunk.data(), written)) return too_large(Compression::lz4, max_bytes);
        at += read;
        if (hint == 0) return std::move(output).bytes();
        if (read == 0 && written == 0) return corrupt(Compression::lz4, "cut short");
    }
}

// ---- zstd ----

Bytes zstd_compress(ByteView bytes) {
    Bytes out(ZSTD_compressBound(bytes.size()));
    const std::size_t size =
        ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(), ZSTD_CLEVEL_DEFAULT);
    ASSERT(ZSTD_isError(size) == 0, "ZSTD_compress: {}", ZSTD_getErrorName(size));
    out.resize(size);
    return out;
}

Result<Bytes> zstd_decompress(ByteView bytes, std::size_t max_bytes) {
    const std::unique_ptr<ZSTD_DStream, std::size_t (*)(ZSTD_DStream*)> stream(ZSTD_createDStream(),
                                                                               ZSTD_freeDStream);
    ASSERT(stream != nullptr, "ZSTD_createDStream");
    BoundedOutput output(max_bytes);
    Bytes chunk(chunk_bytes);
    ZSTD_inBuffer in{.src = bytes.data(), .size = bytes.size(), .pos = 0};
    for (;;) {
        ZSTD_outBuffer out{.dst = chunk.data(), .size = chunk.size(), .pos = 0};
        const std::size_t before = in.pos;
        const std::size_t hint = ZSTD_decompressStream(stream.get(), &out, &in);
        if (ZSTD_isError(hint) != 0) return corrupt(Compression::zstd, ZSTD_getErrorName(hint));
        if (!output.take(chunk.data(), out.pos)) return too_large(Compression::zstd, max_bytes);
        // A frame ends where nothing more is asked for; another may follow.
        if (hint == 0 && in.pos == in.size) return std::move(output).bytes();
        if (in.pos == before && out.pos == 0) return corrupt(Compression::zstd, "cut short");
    }
}

}  // namespace

Bytes compress(Compression codec, ByteView bytes) {
    switch (codec) {
        case Compression::none:
            return Bytes(bytes.begin(), bytes.end());
        case Compression::gzip:
            return gzip_compress(bytes);
        case Compression::snappy:
            return snappy_compress(bytes);
        case Compression::lz4:
            return lz4_compress(bytes);
        case Compression::zstd:
            return zstd_compress(bytes);
    }
    UNREACHABLE("no codec has number {}", static_cast<int>(codec));
    return {};
}

Result<Bytes> decompress(Compression codec, ByteView bytes, std::size_t max_bytes) {
    switch (codec) {
        case Compression::none:
            if (bytes.size() > max_bytes) return too_large(codec, max_bytes);
            return Bytes(bytes.begin(), bytes.end());
        case Compression::gzip:
            return gzip_decompress(bytes, max_bytes);
        case Compression::snappy:
            return snappy_decompress(bytes, max_bytes);
        case Compression::lz4:
            return lz4_decompress(bytes, max_bytes);
        case Compression::zstd:
            return zstd_decompress(bytes, max_bytes);
    }
    return Error{Failure::invalid_input,
                 fmt::format("no codec has number {}", static_cast<int>(codec))};
}

}  // namespace squall::model
