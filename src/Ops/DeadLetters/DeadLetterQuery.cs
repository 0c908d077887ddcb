using System.Globalization;
using Millrace.Protocol;

namespace Millrace.Ops.DeadLetters;

/// <summary>Which dead letters a page shall have.</summary>
public sealed record DeadLetterQuery
{
    /// <summary>The dead-letter topic.</summary>
    public required string Topic { get; init; }

    /// <summary>Only those of exactly this exception type (or of the group <c>(unknown)</c>); null for all.</summary>
    public string? ExceptionType { get; init; }

    /// <summary>Where the page begins: <see cref="DeadLetterPage.Next"/> of the page before; null for the
    /// oldest.</summary>
    public string? From { get; init; }

    /// <summary>How many at most. 50: a screen or two.</summary>
    public int Limit { get; init; } = 50;

    /// <summary>How many records are looked through at most to fill the page; then it ends early, with a place to go
    /// on. 20,000: well below a second's reading.</summary>
    public int MaxScanned { get; init; } = 20_000;

    /// <summary>How many bytes of keys, values and headers a page holds at most, except that one letter always fits;
    /// then it ends early, with a place to go on. 16 MiB: any page of ordinary letters, and far below what
    /// <see cref="Limit"/> letters of the largest size that a topic takes would need.</summary>
    public long MaxBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>Checks the query and returns where to begin.</summary>
    internal Dictionary<TopicPartition, long> Validate()
    {
        ArgumentException.ThrowIfNullOrEmpty(Topic);
        if (Limit is < 1 or > 1000 || MaxScanned < Limit)
        {
            throw new ArgumentException($"{nameof(Limit)} must be 1 to 1000, and {nameof(MaxScanned)} not below it.");
        }

        if (MaxBytes < 1)
        {
            throw new ArgumentException($"{nameof(MaxBytes)} must be at least 1.");
        }

        var positions = new Dictionary<TopicPartition, long>();
        foreach (var part in (From ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            var colon = part.IndexOf(':', StringComparison.Ordinal);
            if (colon < 0
                || !int.TryParse(
                    part.AsSpan(0, colon), NumberStyles.None, CultureInfo.InvariantCulture, out var partition)
                || !long.TryParse(
                    part.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var offset))
            {
                throw new ArgumentException(
                    $"'{part}' is no place to begin a page: take {nameof(DeadLetterPage.Next)} of the page before.");
            }

            positions[new TopicPartition(Topic, partition)] = offset;
        }

        return positions;
    }

    /// <summary>The next offset of each partition as text: <c>0:17,1:4</c>.</summary>
    internal static string Encode(IReadOnlyDictionary<TopicPartition, long> positions) => string.Join(',', positions
        .OrderBy(static p => p.Key.Partition)
        .Select(static p => string.Create(CultureInfo.InvariantCulture, $"{p.Key.Partition}:{p.Value}")));
}

/// <summary>A page of dead letters.</summary>
/// <param name="Letters">Those that the query asked for.</param>
/// <param name="Next">Where the next page begins; null at the end.</param>
/// <param name="Scanned">How many records were looked through.</param>
public sealed record DeadLetterPage(IReadOnlyList<DeadLetter> Letters, string? Next, int Scanned);
