using Millrace.Protocol.Compression;
using Millrace.Protocol.Wire;

namespace Millrace.Protocol.Records;

/// <summary>The uncompressed records of one batch: borrowed from the batch if it is not compressed, else in a buffer of
/// its own. Whoever opened it releases it once.</summary>
public readonly struct RecordSection
{
    RecordSection(ReadOnlyMemory<byte> bytes, SharedBuffer? owner)
    {
        Bytes = bytes;
        Owner = owner;
    }

    /// <summary>What a <see cref="RecordReader"/> walks. Valid until the last release of <see cref="Owner"/>, or as
    /// long
    /// as the batch's bytes if that is null.</summary>
    public ReadOnlyMemory<byte> Bytes { get; }

    /// <summary>The buffer of decompressed bytes, with one reference that the opener holds; null if the section is
    /// borrowed.</summary>
    public SharedBuffer? Owner { get; }

    /// <summary>Opens the section of one batch.</summary>
    /// <param name="batch">Exactly one batch; borrowed if it is not compressed.</param>
    /// <param name="pool">Where the buffer for decompressed bytes comes from.</param>
    /// <param name="maxSize">The most bytes that the section may have when decompressed: a few bytes can claim
    /// gigabytes.</param>
    /// <exception cref="WireFormatException">The batch is not sound, or its section is larger than the
    /// limit.</exception>
    public static RecordSection Open(ReadOnlyMemory<byte> batch, BufferPool pool, int maxSize)
    {
        if (!RecordBatchHeader.TryRead(batch.Span, out var header))
        {
            throw new WireFormatException($"A record batch of {batch.Length} bytes: {BatchFault.TooShort.Text()}.");
        }

        var section = batch[RecordBatchHeader.Size..];
        if (header.Compression == CompressionType.None)
        {
            return new RecordSection(section, null);
        }

        var codec = Codec.For(header.Compression);
        using var writer = new PooledWriter(pool);
        codec.Decompress(section.Span, writer, maxSize);
        var owner = writer.DetachShared();
        return new RecordSection(owner.Memory, owner);
    }

    /// <summary>Gives back what <see cref="Open"/> took. Call it once.</summary>
    public void Release() => Owner?.Release();
}
