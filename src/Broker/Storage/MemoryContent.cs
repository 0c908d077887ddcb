namespace Millrace.Broker.Storage;

/// <summary>The bytes of one file of <see cref="MemoryFileSystem"/>, in chunks, so that growing never copies what is
/// there.</summary>
sealed class MemoryContent
{
    // Small enough to stay out of the large object heap.
    const int ChunkSize = 64 * 1024;
    readonly List<byte[]> _chunks = [];

    public long Length { get; private set; }

    public int Read(Span<byte> buffer, long offset)
    {
        if (offset >= Length)
            return 0;
        var count = (int)Math.Min(buffer.Length, Length - offset);
        var done = 0;
        while (done < count)
        {
            var (chunk, start) = Locate(offset + done);
            var part = Math.Min(count - done, ChunkSize - start);
            chunk.AsSpan(start, part).CopyTo(buffer[done..]);
            done += part;
        }
        return count;
    }

    public void Write(ReadOnlySpan<byte> bytes, long offset)
    {
        if (offset + bytes.Length > Length)
            SetLength(offset + bytes.Length);
        while (!bytes.IsEmpty)
        {
            var (chunk, start) = Locate(offset);
            var part = Math.Min(bytes.Length, ChunkSize - start);
            bytes[..part].CopyTo(chunk.AsSpan(start));
            bytes = bytes[part..];
            offset += part;
        }
    }

    public void SetLength(long length)
    {
        if (length < Length)
        {
            var keep = (int)((length + ChunkSize - 1) / ChunkSize);
            _chunks.RemoveRange(keep, _chunks.Count - keep);
            var tail = (int)(length % ChunkSize);
            // What lies behind the end must read as zeros if the file grows again.
            if (tail != 0)
                _chunks[^1].AsSpan(tail).Clear();
        }
        while ((long)_chunks.Count * ChunkSize < length)
            _chunks.Add(new byte[ChunkSize]);
        Length = length;
    }

    public MemoryContent Copy()
    {
        var copy = new MemoryContent { Length = Length };
        foreach (var chunk in _chunks)
            copy._chunks.Add([.. chunk]);
        return copy;
    }

    (byte[] Chunk, int Start) Locate(long offset) => (_chunks[(int)(offset / ChunkSize)], (int)(offset % ChunkSize));
}
