using System.Globalization;
using System.Text;
using Millrace.Broker.Storage;

namespace Millrace.Broker.Log;

// leader-epoch-checkpoint, text:
//
//   +---------+------------------+-----------------------------------------------+
//   | "0\n"   | count "\n"       | count lines: epoch " " first offset "\n"      |
//   | version |                  | both rise                                     |
//   +---------+------------------+-----------------------------------------------+

/// <summary>Which leader epoch began at which offset (KIP-101).</summary>
sealed class LeaderEpochs
{
    readonly Lock _gate = new();
    readonly List<(int Epoch, long Start)> _entries = []; // guarded by _gate

    /// <summary>The current epoch; 0 before any.</summary>
    public int Latest
    {
        get
        {
            lock (_gate)
                return _entries.Count == 0 ? 0 : _entries[^1].Epoch;
        }
    }

    public bool IsEmpty
    {
        get
        {
            lock (_gate)
                return _entries.Count == 0;
        }
    }

    /// <summary>An epoch begins. True if that is news.</summary>
    public bool Begin(int epoch, long startOffset)
    {
        lock (_gate)
        {
            if (epoch < 0 || (_entries.Count > 0 && _entries[^1].Epoch >= epoch))
                return false;
            // An epoch that got no record leaves no trace.
            _entries.RemoveAll(e => e.Start >= startOffset);
            _entries.Add((epoch, startOffset));
            return true;
        }
    }

    /// <summary>The log ends here now.</summary>
    public void Truncate(long endOffset)
    {
        lock (_gate)
            _entries.RemoveAll(e => e.Start >= endOffset && e.Start > 0);
    }

    public (int Epoch, long EndOffset) EndOffsetOf(int epoch, long endOffset)
    {
        lock (_gate)
        {
            var at = _entries.FindLastIndex(e => e.Epoch <= epoch);
            if (at < 0 || _entries[^1].Epoch < epoch)
                return (-1, -1);
            return (_entries[at].Epoch, at + 1 < _entries.Count ? _entries[at + 1].Start : endOffset);
        }
    }

    public void Save(IFileSystem files, string directory, bool durable)
    {
        var text = new StringBuilder("0\n");
        lock (_gate)
        {
            text.Append(CultureInfo.InvariantCulture, $"{_entries.Count}\n");
            foreach (var (epoch, start) in _entries)
                text.Append(CultureInfo.InvariantCulture, $"{epoch} {start}\n");
        }
        LogFiles.Replace(files, directory, LogFiles.LeaderEpochs, Encoding.UTF8.GetBytes(text.ToString()), durable);
    }

    /// <summary>Reads the file. Empty when it is missing or damaged: the batches tell their epochs.</summary>
    public static LeaderEpochs Load(IFileSystem files, string directory, LogLimits limits)
    {
        var epochs = new LeaderEpochs();
        var lines = LogFiles.ReadText(files, Path.Combine(directory, LogFiles.LeaderEpochs), limits.MaxSmallFileBytes)
            ?.Split('\n', StringSplitOptions.RemoveEmptyEntries) ?? [];
        if (lines.Length < 2 || lines[0] != "0" || lines[1] != (lines.Length - 2)
            .ToString(CultureInfo.InvariantCulture))
            return epochs;
        foreach (var line in lines.AsSpan(2))
        {
            var parts = line.Split(' ');
            if (parts.Length != 2
                || !int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var epoch)
                || !long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var start)
                || !epochs.Begin(epoch, start))
            {
                return new LeaderEpochs();
            }
        }
        return epochs;
    }
}
