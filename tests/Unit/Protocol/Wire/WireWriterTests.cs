using System.Runtime.InteropServices;
using Millrace.Protocol.Wire;
using Xunit;

namespace Millrace.Unit.Protocol.Wire;

public sealed class WireWriterTests
{
    readonly DiagnosticBufferPool _pool = new();

    // Random pieces written into a writer with tiny chunks are what a stream of the same pieces holds.
    [Fact]
    public void Any_sequence_of_writes_over_many_chunks_keeps_order_and_length()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            using var writer = new WireWriter(_pool, chunkSize: 64);
            var wanted = new List<byte>();
            for (var steps = random.Next(60); steps > 0; steps--)
            {
                var bytes = new byte[random.Next(4) == 0 ? random.Next(5000) : random.Next(50)];
                random.NextBytes(bytes);
                if (random.Next(2) == 0)
                    writer.WriteRaw(bytes);
                else
                    writer.WriteBorrowed(bytes);
                wanted.AddRange(bytes);
                if (random.Next(10) == 0)
                    Assert.Equal(wanted.Count, writer.Segments.Sum(s => s.Length));
            }
            Assert.True(wanted.Count == writer.Length, $"seed {seed}");
            Assert.True(wanted.SequenceEqual(writer.ToArray()), $"seed {seed}");
            Assert.True(wanted.SequenceEqual(writer.Segments.SelectMany(s => s.ToArray())), $"seed {seed}");
        }
        Assert.Equal(0, _pool.RentedCount);
    }

    [Fact]
    public void Large_bytes_are_appended_by_reference_and_small_ones_copied()
    {
        using var writer = new WireWriter(_pool);
        var large = new byte[WireWriter.BorrowThreshold];
        var small = new byte[WireWriter.BorrowThreshold - 1];

        writer.WriteInt32(1);
        writer.WriteBorrowed(large);
        writer.WriteBorrowed(small);
        writer.WriteInt32(2);

        Assert.Equal(3, writer.Segments.Count);
        Assert.True(MemoryMarshal.TryGetArray(writer.Segments[1], out var segment));
        Assert.Same(large, segment.Array);
        large[0] = small[0] = 7;
        Assert.Equal(7, writer.ToArray()[4]);
        Assert.Equal(0, writer.ToArray()[4 + large.Length]);
    }

    [Fact]
    public void A_size_prefix_counts_what_was_written_since_also_across_chunks_and_borrowed_bytes()
    {
        using var writer = new WireWriter(_pool, chunkSize: 64);
        writer.WriteRaw(new byte[61]);   // so that the reservation does not fit the chunk
        var outer = writer.ReserveInt32();
        writer.WriteRaw(new byte[100]);
        var inner = writer.ReserveInt32();
        writer.WriteBorrowed(new byte[3000]);
        writer.WriteByte(1);
        writer.PatchSize(inner);
        writer.PatchSize(outer);

        var reader = new WireReader(writer.ToArray());
        reader.ReadRaw(61);
        Assert.Equal(100 + 4 + 3000 + 1, reader.ReadInt32());
        reader.ReadRaw(100);
        Assert.Equal(3001, reader.ReadInt32());
    }

    [Fact]
    public void A_reset_writer_starts_again_and_gives_all_but_one_chunk_back()
    {
        var writer = new WireWriter(_pool, chunkSize: 64);
        for (var round = 0; round < 3; round++)
        {
            writer.WriteRaw(new byte[10_000]);
            writer.WriteString("tail");
            Assert.Equal(10_006, writer.Length);
            writer.Reset();
            Assert.Equal(0, writer.Length);
            Assert.Empty(writer.Segments);
            Assert.Equal(1, _pool.RentedCount);
        }
        writer.WriteInt16(0x0102);
        Assert.Equal([1, 2], writer.ToArray());
        writer.Dispose();
        writer.Dispose();
        Assert.Equal(0, _pool.RentedCount);
    }

    [Fact]
    public void A_disposed_writer_can_be_used_again()
    {
        var writer = new WireWriter(_pool);
        writer.WriteInt32(1);
        writer.Dispose();
        writer.WriteInt16(2);
        Assert.Equal([0, 2], writer.ToArray());
        writer.Dispose();
        Assert.Equal(0, _pool.RentedCount);
    }

    [Fact]
    public void Tagged_fields_of_unknown_size_nest()
    {
        using (var writer = new WireWriter(_pool))
        {
            var outer = writer.BeginTag();
            outer.WriteByte(1);
            var inner = outer.BeginTag();
            inner.WriteRaw(new byte[200]);
            outer.EndTag(4);
            writer.EndTag(3);
            writer.WriteByte(9);

            var reader = new WireReader(writer.ToArray());
            Assert.Equal(3u, reader.ReadTag(out var outerEnd));
            Assert.Equal(1, reader.ReadByte());
            Assert.Equal(4u, reader.ReadTag(out var innerEnd));
            Assert.Equal(200, reader.ReadRaw(200).Length);
            reader.EndTag(innerEnd);
            reader.EndTag(outerEnd);
            Assert.Equal(9, reader.ReadByte());
            reader.ThrowIfBad();
        }
        Assert.Equal(0, _pool.RentedCount);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_string_that_the_protocol_cannot_hold_is_refused(bool compact)
    {
        using var writer = new WireWriter(_pool);
        writer.WriteString(new string('x', 32767), compact);
        var e = Assert.Throws<InvalidOperationException>(() => writer.WriteString(new string('x', 32768), compact));
        Assert.Equal("A string of 32768 bytes is longer than the protocol's 32767.", e.Message);
        Assert.Throws<ArgumentNullException>(() => writer.WriteString(null!, compact));
    }

    [Fact]
    public void Writing_again_after_a_reset_allocates_nothing()
    {
        using var writer = new WireWriter(BufferPool.Default);
        long allocated = 0;
        for (var round = 0; round < 3; round++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            writer.Reset();
            for (var i = 0; i < 50; i++)
            {
                writer.WriteInt64(i);
                writer.WriteString("topic", compact: true);
                writer.WriteTag(1, 4);
                writer.WriteInt32(i);
            }
            _ = writer.Segments;
            allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        }
        Assert.Equal(0, allocated);
    }
}
