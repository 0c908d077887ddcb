using System.Globalization;
using System.Text;

namespace Millrace.Unit.Protocol.Compression;

/// <summary>Inputs for codecs.</summary>
static class Samples
{
    static readonly byte[][] Words =
    [
        .. "order customer amount shipped pending über 2024-01-01T00:00:00Z {\"id\": , ] null true 0.5 line"
            .Split(' ').Select(Encoding.UTF8.GetBytes),
    ];

    public static string GoldenFolder { get; } = FindGolden();

    /// <summary>The text of Golden/Records/make.py.</summary>
    public static byte[] Text(int length)
    {
        var text = new List<byte>(length + 200);
        var x = 12345u;
        while (text.Count < length)
        {
            x = ((x * 1103515245) + 12345) & 0x7FFFFFFF;
            if (text.Count > 200 && x % 16 != 0)
            {
                var at = (int)((x >> 4) % (uint)(text.Count - 150));
                text.AddRange(text.GetRange(at, 30 + (int)((x >> 8) % 120)));
                continue;
            }

            text.AddRange(Words[(x >> 16) % (uint)Words.Length]);
            if ((x >> 8) % 3 == 0)
            {
                text.AddRange(Encoding.ASCII.GetBytes(((x >> 10) % 10000).ToString(CultureInfo.InvariantCulture)));
            }

            text.Add(x % 11 == 0 ? (byte)'\n' : (byte)' ');
        }

        return [.. text.Take(length)];
    }

    /// <summary>Bytes of a kind that the random numbers choose: noise, runs, few symbols, repeats near and far,
    /// text.</summary>
    public static byte[] Any(Random random, int maxLength)
    {
        var length = random.Next(5) switch
        {
            0 => random.Next(20),
            1 => random.Next(300),
            2 => random.Next(70_000),
            _ => random.Next(maxLength + 1),
        };
        length = Math.Min(length, maxLength);
        var bytes = new byte[length];
        switch (random.Next(6))
        {
            case 0:
                random.NextBytes(bytes);
                break;
            case 1:
                Array.Fill(bytes, (byte)random.Next(256));
                break;
            case 2:
                var symbols = 1 + random.Next(20);
                for (var i = 0; i < length; i++)
                {
                    bytes[i] = (byte)(200 + (random.Next(symbols) * random.Next(symbols) / symbols));
                }

                break;
            case 3:
                return Text(length);
            case 4:
                // A geometric distribution over all symbols makes deep Huffman trees.
                for (var i = 0; i < length; i++)
                {
                    bytes[i] = (byte)Math.Min(255, -Math.Log(random.NextDouble()) * (1 + (length % 40)));
                }

                break;
            default:
                for (var at = 0; at < length;)
                {
                    var piece = Math.Min(length - at, 1 + random.Next(random.Next(2) == 0 ? 8 : 400));
                    if (at > 0 && random.Next(4) > 0)
                    {
                        var from = random.Next(at);
                        for (var i = 0; i < piece; i++)
                        {
                            bytes[at + i] = bytes[from + i];
                        }
                    }
                    else
                    {
                        random.NextBytes(bytes.AsSpan(at, piece));
                    }

                    at += piece;
                }

                break;
        }

        return bytes;
    }

    static string FindGolden()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var path = Path.Combine(folder.FullName, "tests", "Unit", "Protocol", "Golden", "Records");
            if (Directory.Exists(path))
            {
                return path;
            }
        }

        throw new InvalidOperationException(
            "The folder tests/Unit/Protocol/Golden/Records was not found above the test program.");
    }
}
