using System.IO.Compression;
using Millrace.Protocol.Wire;

namespace Millrace.Protocol.Compression;

/// <summary>Gzip through the base class library. Reads any number of members, one behind the other; levels 1 to 9.</summary>
sealed class GzipCodec : Codec
{
    public static readonly GzipCodec Instance = new();

    // Few bytes of a header say nothing of the result's size: start here, then double.
    const int FirstChunk = 4096;

    // A member without content: 10 bytes of header, 2 of an empty block, 8 of checksum and length.
    const int LeastMember = 20;

    public override CompressionType Type => CompressionType.Gzip;

    public override int Compress(ReadOnlySpan<byte> source, PooledWriter destination, int? level = null)
    {
        var before = destination.Length;
        var options = new ZLibCompressionOptions { CompressionLevel = Math.Clamp(level ?? 6, 1, 9) };
        using (var gzip = new GZipStream(new WriterStream(destination), options))
        {
            gzip.Write(source);
        }

        return destination.Length - before;
    }

    public override unsafe int Decompress(ReadOnlySpan<byte> source, PooledWriter destination, int maxSize)
    {
        if (source.Length < LeastMember || source[0] != 0x1F || source[1] != 0x8B)
        {
            throw new WireFormatException($"Gzip data of {source.Length} bytes does not start with a gzip header.");
        }

        var before = destination.Length;
        try
        {
            fixed (byte* start = source)
            {
                using var input = new UnmanagedMemoryStream(start, source.Length);
                using var gzip = new GZipStream(input, CompressionMode.Decompress);
                var chunk = Math.Max(FirstChunk, source.Length);
                while (true)
                {
                    // One byte more than the limit is asked for, to tell "exactly" from "more".
                    var left = maxSize - (destination.Length - before);
                    var room = destination.GetSpan((int)Math.Min(chunk, left + 1L));
                    var read = gzip.Read(room);
                    if (read == 0)
                    {
                        return destination.Length - before;
                    }

                    if (read > left)
                    {
                        throw TooLarge("Gzip", maxSize);
                    }

                    destination.Advance(read);
                    chunk = Math.Min(1 << 20, chunk * 2);
                }
            }
        }
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            throw new WireFormatException($"Gzip data of {source.Length} bytes is damaged: {e.Message}", e);
        }
    }

    /// <summary>The stream that the library's compressor writes to.</summary>
    sealed class WriterStream(PooledWriter writer) : Stream
    {
        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => writer.Write(buffer.AsSpan(offset, count));

        public override void Write(ReadOnlySpan<byte> buffer) => writer.Write(buffer);
    }
}
