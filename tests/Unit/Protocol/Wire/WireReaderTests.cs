using Millrace.Protocol.Wire;
using Xunit;

namespace Millrace.Unit.Protocol.Wire;

public sealed class WireReaderTests
{
    [Fact]
    public void A_bad_reader_keeps_the_first_problem_and_returns_defaults()
    {
        var reader = new WireReader((byte[])[0, 0, 0, 9, 1, 2]);
        reader.ReadInt16();

        Assert.Equal(string.Empty, reader.ReadString());   // length 9, two bytes are there

        Assert.True(reader.IsBad);
        Assert.Equal("a string has length 9, 2 bytes are left at byte 4 of 6", reader.Problem);
        Assert.Equal(0, reader.ReadInt64());
        Assert.Equal(0, reader.ReadByte());
        Assert.Equal(0u, reader.ReadUVarint());
        Assert.Equal(0ul, reader.ReadUVarlong());
        Assert.Equal(Guid.Empty, reader.ReadUuid());
        Assert.Equal(0, reader.ReadArrayLength(1));
        Assert.Equal(-1, reader.ReadNullableArrayLength(1, compact: true));
        Assert.Null(reader.ReadNullableString(compact: true));
        Assert.True(reader.ReadBytes().IsEmpty);
        Assert.Null(reader.ReadNullableBytes());
        Assert.Equal(0, reader.ReadTagCount());
        reader.SkipTags();
        Assert.Equal(0, reader.Remaining);
        Assert.Equal("a string has length 9, 2 bytes are left at byte 4 of 6", reader.Problem);
    }

    [Fact]
    public void The_exception_names_what_was_read()
    {
        var e = Assert.Throws<WireFormatException>(() =>
        {
            var reader = new WireReader((byte[])[1]);
            reader.ReadInt32();
            reader.ThrowIfBad("Fetch v12");
        });
        Assert.Equal("Fetch v12: 4 more bytes are wanted, 1 are left at byte 0 of 1", e.Message);
    }

    [Fact]
    public void A_good_reader_does_not_throw()
    {
        var reader = new WireReader((byte[])[1]);
        Assert.Equal(1, reader.ReadByte());
        reader.ThrowIfBad();
        Assert.Null(reader.Problem);
    }

    [Theory]
    [InlineData("7fffffff", 1)]
    [InlineData("80000000", 1)]
    [InlineData("fffffffe", 1)]
    [InlineData("00000002aaaaaa", 2)]
    [InlineData("00000003aa", 1)]
    public void An_array_that_cannot_be_there_is_refused(string hex, int minElementSize)
    {
        var reader = new WireReader(Convert.FromHexString(hex));
        Assert.Equal(0, reader.ReadArrayLength(minElementSize));
        Assert.True(reader.IsBad);
    }

    [Theory]
    [InlineData("ffffffff0f", 1)]
    [InlineData("ffffffff07", 1)]
    [InlineData("03aaaaaa", 2)]
    public void A_compact_array_that_cannot_be_there_is_refused(string hex, int minElementSize)
    {
        var reader = new WireReader(Convert.FromHexString(hex));
        Assert.Equal(0, reader.ReadArrayLength(minElementSize, compact: true));
        Assert.True(reader.IsBad);
    }

    [Theory]
    [InlineData("ffffffff10")]      // more than 32 bits
    [InlineData("8080808080")]      // never ends
    [InlineData("808080808001")]
    [InlineData("80")]
    [InlineData("")]
    public void A_varint_that_is_too_long_is_refused(string hex)
    {
        var reader = new WireReader(Convert.FromHexString(hex));
        Assert.Equal(0u, reader.ReadUVarint());
        Assert.True(reader.IsBad);
    }

    [Theory]
    [InlineData("ffffffffffffffffff02")]
    [InlineData("8080808080808080808001")]
    [InlineData("8080")]
    public void A_varlong_that_is_too_long_is_refused(string hex)
    {
        var reader = new WireReader(Convert.FromHexString(hex));
        Assert.Equal(0ul, reader.ReadUVarlong());
        Assert.True(reader.IsBad);
    }

    [Theory]
    [InlineData("ffff", false)]
    [InlineData("00", true)]
    public void Null_is_refused_where_it_may_not_be(string hex, bool compact)
    {
        var reader = new WireReader(Convert.FromHexString(hex));
        Assert.Equal(string.Empty, reader.ReadString(compact));
        Assert.StartsWith("a string is null that may not be", reader.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Bytes_are_borrowed()
    {
        byte[] bytes = [0, 0, 0, 2, 7, 8];
        var reader = new WireReader(bytes);
        var borrowed = reader.ReadBytes();
        bytes[5] = 9;
        Assert.Equal([7, 9], borrowed.ToArray());
    }

    [Fact]
    public void Bytes_that_are_not_UTF_8_become_replacement_characters()
    {
        var reader = new WireReader((byte[])[0, 3, 0x61, 0xff, 0x62]);
        Assert.Equal("a\ufffdb", reader.ReadString());
        Assert.False(reader.IsBad);
    }

    [Fact]
    public void Tagged_fields_are_told_apart_by_tag_in_any_order()
    {
        var reader = new WireReader((byte[])[2, 5, 2, 0x0a, 0x0b, 1, 1, 0x0c, 0x77]);
        Assert.Equal(2, reader.ReadTagCount());
        Assert.Equal(5u, reader.ReadTag(out var end));
        reader.SkipTo(end);
        Assert.Equal(1u, reader.ReadTag(out end));
        Assert.Equal(0x0c, reader.ReadByte());
        reader.EndTag(end);
        Assert.Equal(0x77, reader.ReadByte());
        Assert.False(reader.IsBad);
    }

    [Fact]
    public void A_tagged_field_longer_or_shorter_than_its_content_is_refused()
    {
        foreach (var size in (byte[])[1, 3])
        {
            var reader = new WireReader((byte[])[0, size, 1, 2, 3]);
            reader.ReadTag(out var end);
            reader.ReadInt16();
            reader.EndTag(end);
            Assert.StartsWith("a tagged field ends at byte", reader.Problem, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("ffffffff0f")]     // four billion fields
    [InlineData("010005aa")]       // a field beyond the end
    [InlineData("0100ffffffff0f")]
    [InlineData("02000000")]       // one field, two announced
    public void Tagged_fields_that_cannot_be_there_are_refused(string hex)
    {
        var reader = new WireReader(Convert.FromHexString(hex));
        reader.SkipTags();
        Assert.True(reader.IsBad);
    }

    [Fact]
    public void Nobody_can_skip_backwards_or_beyond_the_end()
    {
        foreach (var position in (int[])[0, 4])
        {
            var reader = new WireReader((byte[])[1, 2, 3]);
            reader.ReadByte();
            reader.SkipTo(position);
            Assert.True(reader.IsBad);
        }
    }
}
