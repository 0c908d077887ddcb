namespace Millrace.Broker.Log;

/// <summary>An entry of an index: something by which it is sorted, and something that it leads to.</summary>
interface IIndexEntry
{
    /// <summary>Rises from entry to entry.</summary>
    long Key { get; }
}

/// <summary>The entries of an index, in memory. One appender; look-ups need no lock.</summary>
sealed class IndexEntries<T>
    where T : struct, IIndexEntry
{
    T[] _entries;
    int _count;

    public IndexEntries()
        : this([])
    {
    }

    /// <summary>Takes over sorted entries.</summary>
    public IndexEntries(T[] sorted)
    {
        _entries = sorted;
        _count = sorted.Length;
    }

    public int Count => Volatile.Read(ref _count);

    /// <summary>The entries of this moment.</summary>
    public ReadOnlySpan<T> Span
    {
        get
        {
            // The count first: a reader that still has the old array finds there everything below the count it read.
            var count = Count;
            return Volatile.Read(ref _entries).AsSpan(0, count);
        }
    }

    public void Append(in T entry)
    {
        if (_count == _entries.Length)
        {
            var grown = new T[Math.Max(64, _entries.Length * 2)];
            _entries.CopyTo(grown, 0);
            Volatile.Write(ref _entries, grown);
        }
        _entries[_count] = entry;
        Volatile.Write(ref _count, _count + 1);
    }

    /// <summary>The last entry whose key is at most the given one; null when there is none.</summary>
    public T? Floor(long key)
    {
        var entries = Span;
        var low = 0;
        var high = entries.Length;
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (entries[middle].Key <= key)
                low = middle + 1;
            else
                high = middle;
        }
        return low == 0 ? null : entries[low - 1];
    }
}
