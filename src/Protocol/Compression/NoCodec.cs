namespace Millrace.Protocol.Compression;

/// <summary>Copies.</summary>
sealed class NoCodec : Codec
{
    public static readonly NoCodec Instance = new();

    public override CompressionType Type => CompressionType.None;

    public override int Compress(ReadOnlySpan<byte> source, PooledWriter destination, int? level = null)
    {
        destination.Write(source);
        return source.Length;
    }

    public override int Decompress(ReadOnlySpan<byte> source, PooledWriter destination, int maxSize)
    {
        if (source.Length > maxSize)
        {
            throw TooLarge("Uncompressed", maxSize);
        }

        destination.Write(source);
        return source.Length;
    }
}
