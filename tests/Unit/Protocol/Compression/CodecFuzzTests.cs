using Millrace.Protocol;
using Millrace.Protocol.Compression;
using Millrace.Protocol.Wire;
using Xunit;

namespace Millrace.Unit.Protocol.Compression;

public sealed class CodecFuzzTests
{
    const int Rounds = 3000;

    public static TheoryData<CompressionType> Real => CodecTests.Real;

    [Theory]
    [MemberData(nameof(Real))]
    public void Damaged_input_throws_nothing_else_and_stays_below_the_limit(CompressionType type)
    {
        const int limit = 300_000;
        var pool = new DiagnosticBufferPool();
        using var output = new PooledWriter(pool);
        for (var seed = 0; seed < Rounds * Repository.FuzzFactor; seed++)
        {
            var random = new Random(seed);
            var packed = seed % 10 == 0
                ? Samples.Any(random, 500)
                : CodecTests.Compress(type, Samples.Any(random, seed % 50 == 1 ? 200_000 : 3000));
            Mutate(random, ref packed);
            try
            {
                output.Truncate(0);
                var size = Codec.For(type).Decompress(packed, output, limit);
                Assert.InRange(size, 0, limit);
            }
            catch (WireFormatException)
            {
                // What is expected of most.
            }
            catch (Exception e)
            {
                Assert.Fail($"seed {seed}: {e}");
            }
        }

        output.Dispose();
        pool.AssertAllReturned();
    }

    internal static void Mutate(Random random, ref byte[] bytes)
    {
        switch (random.Next(3))
        {
            case 0:
                bytes = bytes[..random.Next(bytes.Length + 1)];
                break;
            case 1:
                var extra = new byte[random.Next(20)];
                random.NextBytes(extra);
                bytes = [.. bytes, .. extra];
                break;
        }

        for (var flips = random.Next(4); flips > 0 && bytes.Length > 0; flips--)
        {
            var near = random.Next(2) == 0 ? Math.Min(bytes.Length, 40) : bytes.Length;
            bytes[random.Next(near)] = random.Next(3) switch
            {
                0 => 0xFF,
                1 => 0,
                _ => (byte)random.Next(256),
            };
        }
    }
}
