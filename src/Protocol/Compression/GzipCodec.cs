using System.Buffers.Binary;
using System.IO.Compression;
using Millrace.Protocol.Records;
using Millrace.Protocol.Wire;

namespace Millrace.Protocol.Compression;

/// <summary>Gzip through the base class library. Reads any number of members, one behind the other, of which the last
/// is not empty unless all are; levels 1 to 9.</summary>
sealed class GzipCodec : Codec
{
    public static readonly GzipCodec Instance = new();

    // Few bytes of a header say nothing of the result's size: start here, then double.
    const int FirstChunk = 4096;

    static readonly SlicedCrc Crc32 = new(0xEDB88320);

    public override CompressionType Type => CompressionType.Gzip;

    // What the library writes for no bytes is nothing at all. 10 bytes of header, 2 of an empty block, 8 of trailer.
    static ReadOnlySpan<byte> EmptyMember => [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0];

    public override int Compress(ReadOnlySpan<byte> source, PooledWriter destination, int? level = null)
    {
        if (source.IsEmpty)
        {
            destination.Write(EmptyMember);
            return EmptyMember.Length;
        }

        var before = destination.Length;
        var options = new ZLibCompressionOptions { CompressionLevel = Math.Clamp(level ?? 6, 1, 9) };
        using (var gzip = new GZipStream(new WriterStream(destination), options))
        {
            gzip.Write(source);
        }

        return destination.Length - before;
    }

    public override int Decompress(ReadOnlySpan<byte> source, PooledWriter destination, int maxSize)
    {
        if (source.Length < EmptyMember.Length || source[0] != 0x1F || source[1] != 0x8B)
        {
            throw new WireFormatException($"Gzip data of {source.Length} bytes does not start with a gzip header.");
        }

        var before = destination.Length;
        try
        {
            Inflate(source, destination, maxSize);
        }
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            throw new WireFormatException($"Gzip data of {source.Length} bytes is damaged: {e.Message}", e);
        }

        CheckTrailer(source, destination.WrittenSpan[before..]);
        return destination.Length - before;
    }

    static unsafe void Inflate(ReadOnlySpan<byte> source, PooledWriter destination, int maxSize)
    {
        var before = destination.Length;
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
                    return;
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

    // The library checks each member that it sees the end of, but takes the end of the input for the end of the data.
    // The last eight bytes must be the trailer of the last member: checksum and length of its content. Eight zeros
    // would be that of an empty one, but are far more often the middle of a run of zeros that was cut off, or padding.
    static void CheckTrailer(ReadOnlySpan<byte> source, ReadOnlySpan<byte> content)
    {
        var length = BinaryPrimitives.ReadUInt32LittleEndian(source[^4..]);
        var checksum = BinaryPrimitives.ReadUInt32LittleEndian(source[^8..]);
        if (length > (uint)content.Length
            || (length == 0 && !content.IsEmpty)
            || checksum != ~Crc32.Continue(uint.MaxValue, content[^(int)length..]))
        {
            throw new WireFormatException($"Gzip data of {source.Length} bytes is cut off, or something follows it.");
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
