using Millrace.MessageGenerator;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;
using Xunit;

namespace Millrace.Unit.Protocol.Messages;

public sealed class RoundTripTests
{
    const int SeedsPerVersion = 25;

    public static TheoryData<string> Names => Catalog.Names;

    [Theory]
    [MemberData(nameof(Names))]
    public void What_is_written_is_read_back_in_every_version(string name)
    {
        var message = Catalog.Find(name);
        foreach (var version in Catalog.VersionsOf(message))
        {
            for (var seed = 0; seed < SeedsPerVersion; seed++)
            {
                var written = Filler.Fill(message, version, seed);
                var bytes = Catalog.Encode(written, version);
                var read = Catalog.New(message);
                var reader = new WireReader(bytes);
                read.Read(ref reader, version);

                var where = $"{name} v{version}, seed {seed}";
                Assert.True(!reader.IsBad, $"{where}: {reader.Problem}");
                Assert.True(reader.Remaining == 0, $"{where}: {reader.Remaining} bytes are left over");
                var (before, after) = (Dump.Of(written), Dump.Of(read));
                Assert.True(before == after, $"{where}:\n{before}\nbecame\n{after}");
                Assert.True(bytes.SequenceEqual(Catalog.Encode(read, version)), $"{where}: written differently");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_new_instance_can_be_written_in_every_version(string name)
    {
        var message = Catalog.Find(name);
        foreach (var version in Catalog.VersionsOf(message))
        {
            var read = Catalog.New(message);
            var reader = new WireReader(Catalog.Encode(Catalog.New(message), version));
            read.Read(ref reader, version);
            reader.ThrowIfBad();
            Assert.Equal(Dump.Of(Catalog.New(message)), Dump.Of(read));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Unknown_tagged_fields_are_skipped(string name)
    {
        var message = Catalog.Find(name);
        foreach (var version in Catalog.VersionsOf(message).Where(message.Flexible.Contains))
        {
            // The default instance ends in its own count of tagged fields, which is 0: make it one unknown field.
            var bytes = Catalog.Encode(Catalog.New(message), version);
            Assert.Equal(0, bytes[^1]);
            var read = Catalog.New(message);
            var reader = new WireReader((byte[])[.. bytes[..^1], 1, 99, 3, 7, 7, 7]);
            read.Read(ref reader, version);
            reader.ThrowIfBad();
            Assert.Equal(0, reader.Remaining);
            Assert.Equal(Dump.Of(Catalog.New(message)), Dump.Of(read));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_field_that_a_version_lacks_is_refused_unless_it_is_ignorable(string name)
    {
        var message = Catalog.Find(name);
        foreach (var version in Catalog.VersionsOf(message))
        {
            foreach (var field in message.Root.Fields.Where(f => !f.Versions.Contains(version)))
            {
                var set = Catalog.New(message);
                SetToSomething(set, message, field);
                if (field.IsIgnorable)
                {
                    Assert.Equal(Catalog.Encode(Catalog.New(message), version), Catalog.Encode(set, version));
                    continue;
                }
                var e = Assert.Throws<InvalidOperationException>(() => Catalog.Encode(set, version));
                Assert.Contains($"{name}.{field.Name} ", e.Message, StringComparison.Ordinal);
                Assert.Contains($"version {version} ", e.Message, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public void A_field_that_a_version_lacks_is_refused_in_nested_structures_too()
    {
        var request = new FetchRequest { Topics = [new() { Partitions = [new() { LastFetchedEpoch = 3 }] }] };

        var e = Assert.Throws<InvalidOperationException>(() => Catalog.Encode(request, 11));

        Assert.Equal(
            "FetchRequest.FetchPartition.LastFetchedEpoch is set, but version 11 has no such field.", e.Message);
        Catalog.Encode(request, 12);
    }

    [Fact]
    public void Null_is_refused_in_versions_that_do_not_allow_it()
    {
        var request = new MetadataRequest { Topics = null };

        var e = Assert.Throws<InvalidOperationException>(() => Catalog.Encode(request, 0));

        Assert.Equal("MetadataRequest.Topics is null, which version 0 does not allow.", e.Message);
        Catalog.Encode(request, 1);
    }

    [Fact]
    public void Versions_outside_the_range_are_misuse_when_writing_and_bad_input_when_reading()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Catalog.Encode(new FetchRequest(), 3));
        Assert.Throws<ArgumentOutOfRangeException>(() => Catalog.Encode(new FetchRequest(), 19));

        var reader = new WireReader(new byte[100]);
        new FetchRequest().Read(ref reader, 19);

        Assert.Equal("FetchRequest has versions 4 to 18, not 19, at byte 0 of 100", reader.Problem);
    }

    // Any value but the default one, taken from a version that has the field.
    static void SetToSomething(IMessage target, Message message, Field field)
    {
        var property = target.GetType().GetProperty(field.Name)!;
        var initial = Dump.Of(target);
        for (var seed = 0; Dump.Of(target) == initial; seed++)
            property.SetValue(target, property.GetValue(Filler.Fill(message, field.Versions.High, seed)));
    }
}
