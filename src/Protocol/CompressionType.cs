namespace Millrace.Protocol;

/// <summary>How the records of a batch are compressed; the number is what the batch's attributes hold.</summary>
public enum CompressionType
{
    /// <summary>Not compressed.</summary>
    None = 0,

    /// <summary>Gzip members (RFC 1952).</summary>
    Gzip = 1,

    /// <summary>Snappy, in the chunked framing of Java clients or as one raw block.</summary>
    Snappy = 2,

    /// <summary>LZ4 frames.</summary>
    Lz4 = 3,

    /// <summary>Zstandard frames (KIP-110; brokers since 2.1).</summary>
    Zstd = 4,
}
