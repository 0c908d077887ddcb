namespace Millrace.Protocol.Compression.Zstd;

/// <summary>Numbers of the format (RFC 8878).</summary>
static class ZstdFormat
{
    public const uint Magic = 0xFD2FB528;
    public const uint SkippableMagic = 0x184D2A50;
    public const uint SkippableMask = 0xFFFFFFF0;

    public const int MaxBlockSize = 128 * 1024;
    public const int BlockHeaderSize = 3;

    public const int RawBlock = 0;
    public const int RleBlock = 1;
    public const int CompressedBlock = 2;

    public const int RawLiterals = 0;
    public const int RleLiterals = 1;
    public const int CompressedLiterals = 2;
    public const int TreelessLiterals = 3;

    public const int PredefinedMode = 0;
    public const int RleMode = 1;
    public const int FseMode = 2;

    public const int MaxHuffmanBits = 11;
    public const int MaxWeightLog = 6;
    public const int MaxLiteralLog = 9;
    public const int MaxMatchLog = 9;
    public const int MaxOffsetLog = 8;

    public const int MaxLiteralCode = 35;
    public const int MaxMatchCode = 52;
    public const int MaxOffsetCode = 31;

    public const int LeastMatch = 3;

    /// <summary>Where each literal length code starts.</summary>
    public static ReadOnlySpan<int> LiteralBase =>
    [
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 20, 22, 24, 28, 32, 40, 48, 64, 128, 256, 512,
        1024,
        2048, 4096, 8192, 16384, 32768, 65536,
    ];

    /// <summary>How many bits follow each literal length code.</summary>
    public static ReadOnlySpan<byte> LiteralBits =>
    [
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
        16,
    ];

    /// <summary>Where each match length code starts.</summary>
    public static ReadOnlySpan<int> MatchBase =>
    [
        3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32,
        33,
        34, 35, 37, 39, 41, 43, 47, 51, 59, 67, 83, 99, 131, 259, 515, 1027, 2051, 4099, 8195, 16387, 32771, 65539,
    ];

    /// <summary>How many bits follow each match length code.</summary>
    public static ReadOnlySpan<byte> MatchBits =>
    [
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2,
        2, 3,
        3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
    ];

    /// <summary>The predefined distribution of literal length codes; its table has 2^6 states.</summary>
    public static ReadOnlySpan<short> DefaultLiteralCounts =>
    [
        4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1,
    ];

    /// <summary>The predefined distribution of match length codes; its table has 2^6 states.</summary>
    public static ReadOnlySpan<short> DefaultMatchCounts =>
    [
        1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
        1, 1,
        1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1,
    ];

    /// <summary>The predefined distribution of offset codes; its table has 2^5 states.</summary>
    public static ReadOnlySpan<short> DefaultOffsetCounts =>
    [
        1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1,
    ];

    /// <summary>Log of the predefined tables' sizes.</summary>
    public const int DefaultLiteralLog = 6;

    /// <inheritdoc cref="DefaultLiteralLog"/>
    public const int DefaultMatchLog = 6;

    /// <inheritdoc cref="DefaultLiteralLog"/>
    public const int DefaultOffsetLog = 5;
}
