using System.Buffers.Binary;
using Millrace.MessageGenerator;
using Millrace.Protocol.Wire;
using Xunit;

namespace Millrace.Unit.Protocol.Messages;

// Bad bytes make a reader bad and nothing else: no other exception, no memory beyond a multiple of the input, no hang.
public sealed class MessageFuzzTests
{
    // The worst element takes this many bytes of memory per byte on the wire: an object with two lists per five bytes.
    const int MemoryPerByte = 32;
    const int FixedMemory = 4096;
    const int IterationsPerVersion = 40;

    static readonly int[] HostileLengths = [int.MaxValue, int.MinValue, -1, -2, 0x00ffffff, short.MaxValue, 0x7fff7fff];

    public static TheoryData<string> Names => Catalog.Names;

    [Theory]
    [MemberData(nameof(Names))]
    public void A_truncated_message_is_refused_or_read_within_its_bytes(string name)
    {
        var message = Catalog.Find(name);
        foreach (var version in Catalog.VersionsOf(message))
        {
            var bytes = Sample(message, version, seed: 3);
            for (var length = 0; length < bytes.Length; length++)
                Assert.True(
                    Read(message, version, bytes[..length], seed: 3), $"{name} v{version}: {length} bytes were enough");
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Flipped_bits_never_do_harm(string name) => Fuzz(name, (random, bytes) =>
    {
        for (var flips = random.Next(1, 9); flips > 0 && bytes.Length > 0; flips--)
            bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
    });

    [Theory]
    [MemberData(nameof(Names))]
    public void Hostile_lengths_never_do_harm(string name) => Fuzz(name, (random, bytes) =>
    {
        if (bytes.Length == 0)
            return;
        var at = random.Next(bytes.Length);
        if (random.Next(2) == 0 && bytes.Length - at >= 4)
            BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(at), HostileLengths[random.Next(HostileLengths.Length)]);
        else
            bytes.AsSpan(at, Math.Min(random.Next(1, 6), bytes.Length - at)).Fill(0xff);
    });

    [Theory]
    [MemberData(nameof(Names))]
    public void Random_bytes_never_do_harm(string name) => Fuzz(name, (random, bytes) => random.NextBytes(bytes));

    [Theory]
    [MemberData(nameof(Names))]
    public void Zeros_and_ones_never_do_harm(string name) => Fuzz(name, (random, bytes) =>
    {
        for (var i = random.Next(bytes.Length + 1); i < bytes.Length; i++)
            bytes[i] = (byte)random.Next(3);
    });

    static void Fuzz(string name, Action<Random, byte[]> damage)
    {
        var message = Catalog.Find(name);
        foreach (var version in Catalog.VersionsOf(message))
        {
            for (var seed = 0; seed < IterationsPerVersion * Repository.FuzzFactor; seed++)
            {
                var bytes = Sample(message, version, seed);
                damage(new Random(seed), bytes);
                Read(message, version, bytes, seed);
            }
        }
    }

    static byte[] Sample(Message message, short version, int seed) =>
        Catalog.Encode(Filler.Fill(message, version, seed, longBytes: 60), version);

    // True if the reader went bad.
    static bool Read(Message message, short version, byte[] bytes, int seed)
    {
        var where = $"{message.Name} v{version}, seed {seed}, {Convert.ToHexString(bytes)}";
        var instance = Catalog.New(message);
        var reader = new WireReader(bytes);
        var before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            instance.Read(ref reader, version);
        }
        catch (Exception e)
        {
            throw new InvalidOperationException(where, e);
        }
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.True(allocated <= (MemoryPerByte * bytes.Length) + FixedMemory, $"{where}: {allocated} bytes allocated");
        if (!reader.IsBad)
        {
            Catalog.Encode(instance, version);   // what could be read can be written
            return false;
        }
        Assert.Equal(0, reader.Remaining);
        try
        {
            reader.ThrowIfBad(message.Name);
        }
        catch (WireFormatException e)
        {
            Assert.Contains(" at byte ", e.Message, StringComparison.Ordinal);
            return true;
        }
        throw new InvalidOperationException($"{where}: bad, but ThrowIfBad did not throw");
    }
}
