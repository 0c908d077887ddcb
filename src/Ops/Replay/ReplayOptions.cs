using System.Globalization;
using Millrace.Ops.DeadLetters;

namespace Millrace.Ops.Replay;

/// <summary>One replay: from which dead-letter topic, to which topic, how fast.</summary>
public sealed record ReplayOptions
{
    /// <summary>The dead-letter topic.</summary>
    public required string From { get; init; }

    /// <summary>The topic that the records are sent to. Every group that reads it gets them.</summary>
    public required string To { get; init; }

    // A record in 17 minutes: whoever wants less wants none, and waits of months overflow timers.
    const double MinRate = 0.001;

    /// <summary>At most this many records a second, at least 0.001; null for no limit.</summary>
    public double? RatePerSecond { get; init; }

    /// <summary>At most this many records; null for all that lie there when the replay starts.</summary>
    public long? Limit { get; init; }

    /// <summary>Only records of which this holds are sent; the others are passed over, and a later run does not come
    /// back to them. Null sends all.</summary>
    public Func<DeadLetter, bool>? Filter { get; init; }

    /// <summary>A record that was replayed this often already is passed over: it would only fail again.
    /// 3: a first try, one after a fix, one after the fix of the fix.</summary>
    public int MaxReplays { get; init; } = 3;

    /// <summary>How many records lie between two saves of the cursor at most; a slow replay saves every second. 500: a
    /// save costs one round trip, a crash makes the next run look through at most this many records of the
    /// target.</summary>
    public int BatchSize { get; init; } = 500;

    /// <summary>Called before the first record and after every save of the cursor.</summary>
    public Action<ReplayProgress>? OnProgress { get; init; }

    internal void Validate()
    {
        ArgumentException.ThrowIfNullOrEmpty(From);
        ArgumentException.ThrowIfNullOrEmpty(To);
        Check(From != To, $"A replay from {From} to itself would chase its own output: name another target.");
        Check(
            RatePerSecond is null or >= MinRate,
            string.Create(
                CultureInfo.InvariantCulture,
                $"{nameof(RatePerSecond)} must be at least {MinRate}, or null for no limit."));
        Check(Limit is null or > 0, $"{nameof(Limit)} must be above 0, or null for no limit.");
        Check(MaxReplays >= 1, $"{nameof(MaxReplays)} must be at least 1.");
        Check(BatchSize is >= 1 and <= 100_000, $"{nameof(BatchSize)} must be 1 to 100000.");
    }

    static void Check(bool isGood, string message)
    {
        if (!isGood)
        {
            throw new ArgumentException(message);
        }
    }
}

/// <summary>How far a replay is.</summary>
/// <param name="Sent">Records sent and acknowledged in this run.</param>
/// <param name="AlreadySent">Records that an interrupted run had sent and that were not sent again.</param>
/// <param name="PassedOver">Records that the filter or the limit of replays left out.</param>
/// <param name="Remaining">Records between the cursor and the end as it was at the start.</param>
public readonly record struct ReplayProgress(long Sent, long AlreadySent, long PassedOver, long Remaining);
