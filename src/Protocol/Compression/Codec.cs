using Millrace.Protocol.Compression.Zstd;
using Millrace.Protocol.Wire;

namespace Millrace.Protocol.Compression;

/// <summary>One compression of record batches. Codecs hold no state of a call and may be used by any thread.</summary>
public abstract class Codec
{
    /// <summary>The compression that this codec speaks.</summary>
    public abstract CompressionType Type { get; }

    /// <summary>The codec of a compression.</summary>
    /// <exception cref="WireFormatException">Nobody defined that compression.</exception>
    public static Codec For(CompressionType type) => type switch
    {
        CompressionType.None => NoCodec.Instance,
        CompressionType.Gzip => GzipCodec.Instance,
        CompressionType.Snappy => SnappyCodec.Instance,
        CompressionType.Lz4 => Lz4Codec.Instance,
        CompressionType.Zstd => ZstdCodec.Instance,
        _ => throw new WireFormatException($"Compression {(int)type} does not exist."),
    };

    /// <summary>Appends the compressed form.</summary>
    /// <param name="source">What to compress.</param>
    /// <param name="destination">What to append to.</param>
    /// <param name="level">The codec's own level; null = its default. Codecs with one level ignore it.</param>
    /// <returns>The number of bytes appended.</returns>
    public abstract int Compress(ReadOnlySpan<byte> source, PooledWriter destination, int? level = null);

    /// <summary>Appends the decompressed form. After an exception the destination may hold a part of it.</summary>
    /// <param name="source">Compressed bytes, whole.</param>
    /// <param name="destination">What to append to.</param>
    /// <param name="maxSize">The most bytes to append.</param>
    /// <returns>The number of bytes appended.</returns>
    /// <exception cref="WireFormatException">The bytes are damaged, cut off, or decompress to more than the
    /// limit.</exception>
    public abstract int Decompress(ReadOnlySpan<byte> source, PooledWriter destination, int maxSize);

    private protected static WireFormatException TooLarge(string name, int maxSize) =>
        new($"{name} data decompresses to more than the limit of {maxSize} bytes.");
}
