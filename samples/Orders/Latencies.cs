namespace Millrace.Orders;

/// <summary>Milliseconds from produced to handled, counted in buckets of 1 ms up to a minute, then of 1 s up to a day.
/// A few atomic adds a record; percentiles at any time.</summary>
sealed class Latencies
{
    const int Fine = 60_000;
    const int Coarse = 86_400;

    readonly long[] _buckets = new long[Fine + Coarse];
    long _first = long.MaxValue;
    long _last;
    long _count;

    /// <summary>When the first and the last record were handled, in <see cref="TimeProvider.GetTimestamp"/>
    /// units of the process.</summary>
    public (long First, long Last) Window => (Volatile.Read(ref _first), Volatile.Read(ref _last));

    public long Count => Volatile.Read(ref _count);

    public void Add(long milliseconds)
    {
        var bucket = milliseconds < Fine
            ? (int)Math.Max(0, milliseconds)
            : (int)Math.Min(Fine + Coarse - 1, Fine + (milliseconds / 1000));
        Interlocked.Increment(ref _buckets[bucket]);
        Interlocked.Increment(ref _count);
        var now = TimeProvider.System.GetTimestamp();
        if (now < Volatile.Read(ref _first))
        {
            Volatile.Write(ref _first, now);
        }

        Volatile.Write(ref _last, now);
    }

    /// <summary>The smallest number of milliseconds that the given share of the records stayed below.</summary>
    public long Percentile(double share)
    {
        var wanted = (long)Math.Ceiling(Count * share);
        var seen = 0L;
        for (var i = 0; i < _buckets.Length; i++)
        {
            seen += Volatile.Read(ref _buckets[i]);
            if (seen >= wanted && seen > 0)
            {
                return i < Fine ? i : (i - Fine) * 1000L;
            }
        }

        return 0;
    }
}
