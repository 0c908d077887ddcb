using Millrace.MessageGenerator;
using Xunit;

namespace Millrace.Unit.MessageGenerator;

public sealed class GeneratorTests
{
    [Fact]
    public void A_definition_becomes_a_class_that_reads_and_writes()
    {
        var code = Generator.Generate("Thing.msg", """
            # A thing.
            data Thing 0-2, flexible 2+
              # Its name, <short>.
              Name: string?1+ = null
              # How many.
              Count: int32 1+ = -1 ignorable
            """);

        Assert.Contains("""
                public void Write(WireWriter writer, short version)
                {
                    MessageChecks.CanWrite(nameof(Thing), version, 0, 2);
                    var flexible = version >= 2;
                    if (Name is null && version < 1)
                        throw MessageChecks.NullNotInVersion("Thing.Name", version);
                    writer.WriteNullableString(Name, flexible);
                    if (version >= 1)
                        writer.WriteInt32(Count);
                    if (flexible)
                        writer.WriteByte(0);   // no tagged fields
                }
            """, code, StringComparison.Ordinal);
        Assert.Contains("""
                    Name = version >= 1 ? reader.ReadNullableString(flexible) : reader.ReadString(flexible);
                    if (version >= 1)
                        Count = reader.ReadInt32();
                    if (flexible)
                        reader.SkipTags();
            """, code, StringComparison.Ordinal);
        Assert.Contains("/// <summary>Its name, &lt;short&gt;.</summary>", code, StringComparison.Ordinal);
        Assert.Contains("public int Count { get; set; } = -1;", code, StringComparison.Ordinal);
    }

    [Fact]
    public void The_same_definition_gives_the_same_code()
    {
        const string text = "# A thing.\ndata Thing 0\n  # Names.\n  Names: [string]\n";
        Assert.Equal(Generator.Generate("Thing.msg", text), Generator.Generate("Thing.msg", text));
    }

    [Theory]
    [InlineData("", "Thing.msg: the file is empty")]
    [InlineData("thing 0", "Thing.msg(1): expected `request VERSIONS`")]
    [InlineData("request 0", "Thing.msg(1): `request` and `response` stand under an `api` line")]
    [InlineData("api 1 Thing\nrequest 0\n  # x\n  X: int8", "an api has one request and then one response")]
    [InlineData("data Thing 3-1", "Thing.msg(1): `3-1` is not a range of versions")]
    [InlineData("data Thing 0\n  X: int8", "Thing.msg(2): a field needs a comment above it")]
    [InlineData("data Thing 0\n  # x\n  x: int8", "Thing.msg(3): expected `Name: type")]
    [InlineData("data Thing 0\n  # x\n  X: int8 1+", "Thing.msg(3): no version of Thing has this field")]
    [InlineData("data Thing 0\n  # x\n  X: int9",
        "Thing.msg(3): int9 is neither a primitive nor followed by its fields")]
    [InlineData("data Thing 0\n  # x\n  X: string = null",
        "Thing.msg(3): the default is null but the type is not nullable")]
    [InlineData("data Thing 0\n  # x\n  X: Y?\n    # z\n    Z: int8",
        "Thing.msg(3): a structure that may be null starts at null")]
    [InlineData("data Thing 0\n  struct Y\n    # z\n    Z: int8", "Thing.msg(2): a structure needs a comment above it")]
    [InlineData("data Thing 0\n  # y\n  struct Y\n  # z\n  Z: int8", "Thing.msg(3): a structure needs fields below it")]
    [InlineData("data Thing 0-1\n  # x\n  X: Z 0\n    # y\n    Y: int8\n  # w\n  W: Z 1",
        "Thing.msg(7): Z is not defined for all these")]
    [InlineData("data Thing 0\n  # x\n  X: int8 tag 0",
        "Thing.msg(1): Thing has a tagged field in a version that is not")]
    [InlineData("data Thing 0, flexible 0\n  # x\n  X: int8 tag 0\n  # y\n  Y: int8 tag 0",
        "Thing.msg(1): Thing uses a tag twice")]
    [InlineData("data Thing 0\n  # x\n  X: int8\n  # x\n  X: int8", "Thing.msg(5): Thing.X is defined twice")]
    [InlineData("data Thing 0\n  # x\n  X: X\n    # y\n    Y: int8", "Thing.msg(1): Thing.X is named like a structure")]
    [InlineData("data Thing 0\n  # x\n  X: int8\n    # y\n    Y: int8",
        "Thing.msg(5): the indentation fits no open structure")]
    [InlineData("data Thing 0\n\t# x\n\tX: int8", "Thing.msg(2): a tab; indent with spaces")]
    public void A_wrong_definition_is_refused_with_file_line_and_reason(string text, string reason)
    {
        var e = Assert.Throws<DefinitionException>(() => Generator.Generate("Thing.msg", text));
        Assert.Contains(reason, e.Message, StringComparison.Ordinal);
    }
}
