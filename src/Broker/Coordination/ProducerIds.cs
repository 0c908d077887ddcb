using System.Buffers.Binary;
using Millrace.Broker.Log;
using Millrace.Broker.Storage;

namespace Millrace.Broker.Coordination;

/// <summary>Hands out producer ids that no restart repeats: a block is written down before its first id leaves, what is
/// left of it at a stop is lost.</summary>
/// <param name="files">Where the file is; null keeps nothing.</param>
/// <param name="directory">The data directory.</param>
sealed class ProducerIds(IFileSystem? files, string directory)
{
    // Eight bytes: the first id that was never in a block.
    const string FileName = "millrace-producer-ids";

    // As Kafka: few enough to lose at a restart, enough that the file is hardly ever written.
    const int BlockSize = 1000;

    readonly Lock _gate = new();
    long _next; // guarded by _gate
    long _end; // guarded by _gate

    /// <summary>The next id.</summary>
    /// <exception cref="StorageException">A new block could not be written down, or the file is damaged.</exception>
    public long Next()
    {
        lock (_gate)
        {
            if (_next == _end) TakeBlock();
            return _next++;
        }
    }

    void TakeBlock()
    {
        var start = _end;
        if (files is not null)
        {
            var path = Path.Combine(directory, FileName);
            var bytes = LogFiles.ReadAll(files, path, sizeof(long));
            if (bytes is { Length: not sizeof(long) })
                throw new StorageException(StorageError.Damaged, path, $"'{path}' is damaged: it must hold 8 bytes.");
            if (bytes is not null) start = Math.Max(start, BinaryPrimitives.ReadInt64BigEndian(bytes));
            var after = new byte[sizeof(long)];
            BinaryPrimitives.WriteInt64BigEndian(after, start + BlockSize);
            LogFiles.Replace(files, directory, FileName, after, durable: true);
        }

        (_next, _end) = (start, start + BlockSize);
    }
}
