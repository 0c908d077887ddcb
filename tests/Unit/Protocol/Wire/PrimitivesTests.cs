using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Millrace.Protocol;
using Millrace.Protocol.Wire;
using Xunit;

namespace Millrace.Unit.Protocol.Wire;

// Each primitive: what the writer writes, the reader reads, with nothing left over; and the bytes of a few, by hand.
public sealed class PrimitivesTests
{
    delegate T ReadOne<T>(ref WireReader reader);

    [Fact]
    public void Numbers_come_back()
    {
        Check<sbyte>((w, v) => w.WriteInt8(v), (ref r) => r.ReadInt8());
        Check<short>((w, v) => w.WriteInt16(v), (ref r) => r.ReadInt16());
        Check<ushort>((w, v) => w.WriteUInt16(v), (ref r) => r.ReadUInt16());
        Check<int>((w, v) => w.WriteInt32(v), (ref r) => r.ReadInt32());
        Check<uint>((w, v) => w.WriteUInt32(v), (ref r) => r.ReadUInt32());
        Check<long>((w, v) => w.WriteInt64(v), (ref r) => r.ReadInt64());
        Check<double>((w, v) => w.WriteFloat64(v), (ref r) => r.ReadFloat64());
        Check<bool>((w, v) => w.WriteBool(v), (ref r) => r.ReadBool());
        Check<Guid>((w, v) => w.WriteUuid(v), (ref r) => r.ReadUuid());
        Check<short>((w, v) => w.WriteErrorCode((ErrorCode)v), (ref r) => (short)r.ReadErrorCode());
    }

    [Fact]
    public void Varints_come_back()
    {
        Check<int>((w, v) => w.WriteVarint(v), (ref r) => r.ReadVarint());
        Check<long>((w, v) => w.WriteVarlong(v), (ref r) => r.ReadVarlong());
        Check<uint>((w, v) => w.WriteUVarint(v), (ref r) => r.ReadUVarint());
        Check<ulong>((w, v) => w.WriteUVarlong(v), (ref r) => r.ReadUVarlong());
        foreach (var edge in (int[])[int.MinValue, int.MaxValue, -1, 0, 1, 63, 64, -64, -65, 8191, 8192, 1 << 27])
        {
            Assert.Equal(edge, Through(edge, (w, v) => w.WriteVarint(v), (ref r) => r.ReadVarint()));
            Assert.Equal((uint)edge, Through((uint)edge, (w, v) => w.WriteUVarint(v), (ref r) => r.ReadUVarint()));
        }
        foreach (var edge in (long[])[long.MinValue, long.MaxValue, -1, 0, 1L << 34, 1L << 62])
        {
            Assert.Equal(edge, Through(edge, (w, v) => w.WriteVarlong(v), (ref r) => r.ReadVarlong()));
            Assert.Equal((ulong)edge, Through((ulong)edge, (w, v) => w.WriteUVarlong(v), (ref r) => r.ReadUVarlong()));
        }
    }

    [Fact]
    public void Strings_come_back_in_all_four_forms() => Prop.ForAll<NonNull<string>, int>((text, copies) =>
    {
        var value = WellFormed(string.Concat(Enumerable.Repeat(text.Get, (int)((uint)copies % 20))));
        foreach (var compact in (bool[])[false, true])
        {
            Assert.Equal(value, Through(value, (w, v) => w.WriteString(v, compact), (ref r) => r.ReadString(compact)));
            foreach (var nullable in (string?[])[value, null])
                Assert.Equal(nullable, Through(
                    nullable, (w, v) => w.WriteNullableString(v, compact), (ref r) => r.ReadNullableString(compact)));
        }
    }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData(41)]
    [InlineData(42)]
    [InlineData(43)]
    [InlineData(126)]
    [InlineData(127)]
    [InlineData(128)]
    [InlineData(10_922)]
    public void Strings_come_back_at_the_borders_of_the_short_form(int length)
    {
        foreach (var letter in (char[])['a', 'é', '雪'])
        {
            var value = new string(letter, length);
            foreach (var compact in (bool[])[false, true])
                Assert.Equal(
                    value, Through(value, (w, v) => w.WriteString(v, compact), (ref r) => r.ReadString(compact)));
        }
    }

    [Fact]
    public void Bytes_come_back_in_all_four_forms() => Prop.ForAll<byte[], int>((bytes, copies) =>
    {
        var value = Enumerable.Repeat(bytes ?? [], (int)((uint)copies % 200)).SelectMany(b => b).ToArray();
        foreach (var compact in (bool[])[false, true])
        {
            var back = Through(value, (w, v) => w.WriteBytes(v, compact), (ref r) => r.ReadBytes(compact));
            Assert.Equal(value, back.ToArray());
            var nullable = Through(
                value, (w, v) => w.WriteNullableBytes(v, compact), (ref r) => r.ReadNullableBytes(compact));
            Assert.Equal(value, nullable!.Value.ToArray());
            ReadOnlyMemory<byte>? none = null;
            Assert.Null(Through(
                none, (w, v) => w.WriteNullableBytes(v, compact), (ref r) => r.ReadNullableBytes(compact)));
        }
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Array_lengths_come_back()
    {
        foreach (var compact in (bool[])[false, true])
        {
            foreach (var length in (int[])[0, 1, 126, 127, 128, 20_000])
            {
                using var writer = new WireWriter(new DiagnosticBufferPool());
                writer.WriteArrayLength(length, compact);
                writer.WriteRaw(new byte[length]);
                var reader = new WireReader(writer.ToArray());
                Assert.Equal(length, reader.ReadArrayLength(1, compact));
                Assert.Equal(length, reader.Remaining);
            }
            Assert.Equal(-1, Through(
                -1, (w, v) => w.WriteArrayLength(v, compact), (ref r) => r.ReadNullableArrayLength(1, compact)));
        }
    }

    [Fact]
    public void The_layout_is_Kafkas()
    {
        Assert.Equal("0102", Hex(w => w.WriteInt16(0x0102)));
        Assert.Equal("01020304", Hex(w => w.WriteInt32(0x01020304)));
        Assert.Equal("0102030405060708", Hex(w => w.WriteInt64(0x0102030405060708)));
        Assert.Equal("00112233445566778899aabbccddeeff",
            Hex(w => w.WriteUuid(Guid.Parse("00112233-4455-6677-8899-aabbccddeeff"))));
        Assert.Equal("ac02", Hex(w => w.WriteUVarint(300)));
        Assert.Equal("01", Hex(w => w.WriteVarint(-1)));
        Assert.Equal("02", Hex(w => w.WriteVarint(1)));
        Assert.Equal("00036b6579", Hex(w => w.WriteString("key")));
        Assert.Equal("046b6579", Hex(w => w.WriteString("key", compact: true)));
        Assert.Equal("ffff", Hex(w => w.WriteNullableString(null)));
        Assert.Equal("00", Hex(w => w.WriteNullableString(null, compact: true)));
        Assert.Equal("0000000107", Hex(w => w.WriteBytes((byte[])[7])));
        Assert.Equal("0207", Hex(w => w.WriteBytes((byte[])[7], compact: true)));
        Assert.Equal("ffffffff", Hex(w => w.WriteNullableBytes(null)));
        Assert.Equal("00", Hex(w => w.WriteNullableBytes(null, compact: true)));
        Assert.Equal("03", Hex(w => w.WriteArrayLength(2, compact: true)));
        Assert.Equal("ffffffff", Hex(w => w.WriteArrayLength(-1)));
    }

    static void Check<T>(Action<WireWriter, T> write, ReadOne<T> read) =>
        Prop.ForAll<T>(value => EqualityComparer<T>.Default.Equals(value, Through(value, write, read)))
            .QuickCheckThrowOnFailure();

    static TResult Through<T, TResult>(T value, Action<WireWriter, T> write, ReadOne<TResult> read)
    {
        using var writer = new WireWriter(new DiagnosticBufferPool());
        write(writer, value);
        var bytes = writer.ToArray();
        Assert.Equal(bytes.Length, writer.Length);
        var reader = new WireReader(bytes);
        var back = read(ref reader);
        reader.ThrowIfBad();
        Assert.Equal(0, reader.Remaining);
        Assert.Equal(bytes.Length, reader.Position);

        // One byte less must make the reader bad, whatever it was.
        var shorter = new WireReader(bytes.AsMemory(0, bytes.Length - 1));
        read(ref shorter);
        Assert.True(shorter.IsBad);
        return back;
    }

    static string Hex(Action<WireWriter> write)
    {
        using var writer = new WireWriter(new DiagnosticBufferPool());
        write(writer);
        return Convert.ToHexStringLower(writer.ToArray());
    }

    // Lone surrogates have no UTF-8.
    static string WellFormed(string text) => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
}
