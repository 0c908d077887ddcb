namespace Millrace.Ops.Replay;

/// <summary>What the metadata of a replay's committed offset tells: where each partition of the target ended when
/// everything before the cursor was acknowledged. Whatever an interrupted run sent after that lies behind these
/// ends.</summary>
/// <remarks>
/// <code>
/// base64 of
/// +--------+-----------------------+-----+
/// | 'R' 1  | end of partition 0..n-1, each |
/// | 2 bytes| an unsigned LEB128 varint     |
/// +--------+-----------------------+-----+
/// </code>
/// </remarks>
static class ReplayCursor
{
    const byte Magic = (byte)'R';
    const byte Version = 1;

    /// <summary>The longest metadata that brokers take by default (offset.metadata.max.bytes).</summary>
    public const int MaxChars = 4096;

    public static string Encode(IReadOnlyList<long> ends)
    {
        var bytes = new List<byte>(2 + (ends.Count * 5)) { Magic, Version };
        foreach (var end in ends)
        {
            var rest = (ulong)end;
            while (rest >= 0x80)
            {
                bytes.Add((byte)(rest | 0x80));
                rest >>= 7;
            }

            bytes.Add((byte)rest);
        }

        return Convert.ToBase64String(bytes.ToArray());
    }

    /// <summary>Null when the text is not ours or damaged.</summary>
    public static long[]? Decode(string? metadata)
    {
        if (string.IsNullOrEmpty(metadata) || metadata.Length > MaxChars)
        {
            return null;
        }

        var bytes = new byte[metadata.Length];
        if (!Convert.TryFromBase64String(metadata, bytes, out var length) || length < 2 || bytes[0] != Magic
            || bytes[1] != Version)
        {
            return null;
        }

        var ends = new List<long>();
        for (var i = 2; i < length;)
        {
            ulong value = 0;
            var shift = 0;
            byte b;
            do
            {
                if (i >= length || shift > 56)
                {
                    return null;
                }

                b = bytes[i++];
                value |= (ulong)(b & 0x7F) << shift;
                shift += 7;
            }
            while ((b & 0x80) != 0);

            ends.Add((long)value);
        }

        return [.. ends];
    }
}
