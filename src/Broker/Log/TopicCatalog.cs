using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;
using Millrace.Broker.Storage;
using Millrace.Protocol.Records;

namespace Millrace.Broker.Log;

// millrace-topics.catalog: a header, then changes, appended and never overwritten. A torn last one is cut off.
//
//   byte 0              8         12
//        +--------------+---------+---------+---------+---
//        | "MRTOPICS"   | version | change  | change  | …
//        |              | int32=1 |         |         |
//        +--------------+---------+---------+---------+---
//   change:
//        +--------+---------+------+----------------------------------------------------------------+
//        | length | crc 32C | type | 1 created:    id, name, partitions int32, settings             |
//        | of the | of the  | int8 | 2 deleted:    id                                               |
//        | rest   | rest    |      | 3 partitions: id, new count int32                              |
//        | int32  | after it|      | 4 settings:   id, settings (all that there are)                |
//        +--------+---------+------+----------------------------------------------------------------+
//   id: 16 bytes. name, setting: int32 length, UTF-8. settings: int32 count, name and value each.

/// <summary>One topic.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Id">Its id; a topic created anew under the same name has another.</param>
/// <param name="Partitions">How many partitions.</param>
/// <param name="Settings">Settings that differ from the broker's defaults, by Kafka's names.</param>
sealed record TopicEntry(string Name, Guid Id, int Partitions, ImmutableSortedDictionary<string, string> Settings);

/// <summary>Which topics there are. Changes are on the medium (as the flush policy promises) when a method returns;
/// look-ups need no lock. Use <see cref="LogManager"/> to create and delete topics: it keeps logs and catalogue
/// together.</summary>
sealed class TopicCatalog : IDisposable
{
    const int Version = 1;
    const int HeaderSize = 12;
    const int ChangeHead = 8;
    const byte Created = 1;
    const byte Deleted = 2;
    const byte PartitionsSet = 3;
    const byte SettingsSet = 4;
    static readonly byte[] Mark = "MRTOPICS"u8.ToArray();

    // Rewritten at a start when more than this many changes, and more than twice as many as topics, have piled up.
    const int CompactAbove = 1000;

    readonly IFile _file;
    readonly bool _isDurable;
    readonly int _maxRecordBytes;
    readonly Lock _gate = new(); // one change at a time
    long _end; // guarded by _gate
    State _state = State.Empty; // replaced as a whole under _gate
    (long End, State State)? _beforeLast; // guarded by _gate

    TopicCatalog(IFile file, bool isDurable, int maxRecordBytes)
    {
        _file = file;
        _isDurable = isDurable;
        _maxRecordBytes = maxRecordBytes;
    }

    /// <summary>All topics, by name.</summary>
    public ImmutableSortedDictionary<string, TopicEntry> All => Volatile.Read(ref _state).ByName;

    /// <summary>Ids of topics whose deletion the file still remembers.</summary>
    public HashSet<Guid> DeletedIds { get; } = [];

    /// <summary>Bytes at the file's end that were no sound change when it was opened, and were cut off: a change that a
    /// crash tore, which nobody was told of, or damage.</summary>
    public long CutBytes { get; private init; }

    /// <summary>Opens the file, making it if need be.</summary>
    /// <exception cref="StorageException">It cannot be opened, or is of an unknown layout.</exception>
    public static TopicCatalog Open(IFileSystem files, string directory, bool isDurable, LogLimits limits)
    {
        var path = Path.Combine(directory, LogFiles.TopicCatalog);
        if (!files.FileExists(path))
            LogFiles.Replace(files, directory, LogFiles.TopicCatalog, Header(), durable: true);
        var bytes = LogFiles.ReadAll(files, path, int.MaxValue) ?? [];
        if (bytes.Length < HeaderSize || !bytes.AsSpan(0, Mark.Length).SequenceEqual(Mark)
            || BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(Mark.Length)) != Version)
        {
            throw new StorageException(StorageError.Damaged, path,
                $"'{path}' is not a topic catalogue of version {Version}. Restore it, or use another directory.");
        }
        var changes = 0;
        var state = State.Empty;
        var deleted = new HashSet<Guid>();
        var end = HeaderSize;
        while (TryRead(bytes.AsSpan(end), limits.MaxCatalogRecordBytes, out var size, out var change)
            && state.With(change, deleted) is { } next)
        {
            state = next;
            end += size;
            changes++;
        }
        var cut = bytes.Length - end;
        if (changes > CompactAbove && changes > 2 * state.ByName.Count)
        {
            bytes = state.ToBytes();
            LogFiles.Replace(files, directory, LogFiles.TopicCatalog, bytes, durable: true);
            end = bytes.Length;
        }
        var file = files.Open(path, FileOpening.Existing);
        if (file.Length > end)
            file.SetLength(end);
        // Also what a killed process wrote and did not flush: from here on it is served.
        if (isDurable)
            file.Flush();
        var catalog = new TopicCatalog(file, isDurable, limits.MaxCatalogRecordBytes)
        {
            _end = end,
            _state = state,
            CutBytes = cut,
        };
        catalog.DeletedIds.UnionWith(deleted);
        return catalog;
    }

    /// <summary>The topic of that name, or null.</summary>
    public TopicEntry? Find(string name) => Volatile.Read(ref _state).ByName.GetValueOrDefault(name);

    /// <summary>The topic of that id, or null.</summary>
    public TopicEntry? Find(Guid id) => Volatile.Read(ref _state).ById.GetValueOrDefault(id);

    /// <summary>A topic whose name differs only in dots and underscores, or null.</summary>
    public string? FindCollision(string name) => Volatile.Read(ref _state)
        .ByName.Keys.FirstOrDefault(n => TopicNames.Collide(n, name));

    /// <exception cref="InvalidOperationException">There is a topic of that name or id.</exception>
    /// <exception cref="StorageException">Nothing was changed.</exception>
    public void Create(TopicEntry topic) => Apply(new Change(Created, topic.Id, topic));

    /// <exception cref="InvalidOperationException">There is no such topic.</exception>
    /// <exception cref="StorageException">Nothing was changed.</exception>
    public void Delete(Guid id) => Apply(new Change(Deleted, id, null));

    /// <exception cref="InvalidOperationException">There is no such topic, or it has as many partitions.</exception>
    /// <exception cref="StorageException">Nothing was changed.</exception>
    public void SetPartitions(Guid id, int count)
    {
        var topic = Find(id)
            ?? throw new InvalidOperationException($"There is no topic with id {LogFiles.IdText(id)}.");
        Apply(new Change(PartitionsSet, id, topic with { Partitions = count }));
    }

    /// <summary>Replaces all settings of a topic.</summary>
    /// <exception cref="InvalidOperationException">There is no such topic.</exception>
    /// <exception cref="StorageException">Nothing was changed.</exception>
    public void SetSettings(Guid id, ImmutableSortedDictionary<string, string> settings)
    {
        var topic = Find(id)
            ?? throw new InvalidOperationException($"There is no topic with id {LogFiles.IdText(id)}.");
        Apply(new Change(SettingsSet, id, topic with { Settings = settings }));
    }

    /// <summary>Makes the last change undone. Unlike a change it needs no space.</summary>
    /// <exception cref="InvalidOperationException">Nothing was changed, or it was taken back already.</exception>
    /// <exception cref="StorageException">The file could not be cut.</exception>
    public void TakeBackLast()
    {
        lock (_gate)
        {
            var (end, state) = _beforeLast
                ?? throw new InvalidOperationException("There is no change to take back.");
            _file.SetLength(end);
            if (_isDurable)
                _file.Flush();
            _end = end;
            Volatile.Write(ref _state, state);
            _beforeLast = null;
        }
    }

    public void Dispose() => _file.Dispose();

    void Apply(Change change)
    {
        lock (_gate)
        {
            var next = _state.With(change, DeletedIds)
                ?? throw new InvalidOperationException(
                    $"The change of topic {LogFiles.IdText(change.Id)} contradicts the catalogue.");
            var bytes = Encode(change);
            if (bytes.Length > _maxRecordBytes)
            {
                throw new InvalidOperationException(
                    $"The topic's settings take {bytes.Length} bytes; at most {_maxRecordBytes}.");
            }
            try
            {
                _file.Write(bytes, _end);
                if (_isDurable)
                    _file.Flush();
            }
            catch (StorageException)
            {
                _file.SetLength(_end);
                throw;
            }
            _beforeLast = (_end, _state);
            _end += bytes.Length;
            Volatile.Write(ref _state, next);
        }
    }

    static byte[] Header()
    {
        var bytes = new byte[HeaderSize];
        Mark.CopyTo(bytes, 0);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(Mark.Length), Version);
        return bytes;
    }

    static byte[] Encode(in Change change)
    {
        using var body = new MemoryStream();
        using var writer = new BinaryWriter(body, Encoding.UTF8);
        writer.Write(change.Type);
        Span<byte> id = stackalloc byte[16];
        change.Id.TryWriteBytes(id, bigEndian: true, out _);
        writer.Write(id);
        if (change.Type == Created)
            Put(writer, change.Topic!.Name);
        if (change.Type is Created or PartitionsSet)
            writer.Write(BinaryPrimitives.ReverseEndianness(change.Topic!.Partitions));
        if (change.Type is Created or SettingsSet)
        {
            writer.Write(BinaryPrimitives.ReverseEndianness(change.Topic!.Settings.Count));
            foreach (var (name, value) in change.Topic.Settings)
            {
                Put(writer, name);
                Put(writer, value);
            }
        }
        writer.Flush();
        var rest = body.ToArray();
        var bytes = new byte[ChangeHead + rest.Length];
        BinaryPrimitives.WriteInt32BigEndian(bytes, rest.Length);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(4), Crc32C.Compute(rest));
        rest.CopyTo(bytes, ChangeHead);
        return bytes;
    }

    static void Put(BinaryWriter writer, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        writer.Write(BinaryPrimitives.ReverseEndianness(bytes.Length));
        writer.Write(bytes);
    }

    static bool TryRead(ReadOnlySpan<byte> bytes, int maxBytes, out int size, out Change change)
    {
        size = 0;
        change = default;
        if (bytes.Length < ChangeHead)
            return false;
        var length = BinaryPrimitives.ReadInt32BigEndian(bytes);
        if (length < 17 || length > maxBytes || length > bytes.Length - ChangeHead)
            return false;
        var rest = bytes.Slice(ChangeHead, length);
        if (Crc32C.Compute(rest) != BinaryPrimitives.ReadUInt32BigEndian(bytes[4..]))
            return false;
        size = ChangeHead + length;
        var type = rest[0];
        var id = new Guid(rest.Slice(1, 16), bigEndian: true);
        rest = rest[17..];
        var settings = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        string? name = "";
        var partitions = 0;
        if (type == Created && !TryGet(ref rest, out name))
            return false;
        if (type is Created or PartitionsSet && !TryGet(ref rest, out partitions))
            return false;
        if (type is Created or SettingsSet)
        {
            if (!TryGet(ref rest, out int count))
                return false;
            for (var i = 0; i < count; i++)
            {
                if (!TryGet(ref rest, out string? key) || !TryGet(ref rest, out string? value))
                    return false;
                settings[key] = value;
            }
        }
        change = new Change(type, id, new TopicEntry(name, id, partitions, settings.ToImmutable()));
        return rest.IsEmpty;
    }

    static bool TryGet(ref ReadOnlySpan<byte> bytes, out int value)
    {
        if (!BinaryPrimitives.TryReadInt32BigEndian(bytes, out value))
            return false;
        bytes = bytes[4..];
        return true;
    }

    static bool TryGet(ref ReadOnlySpan<byte> bytes,
        [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out string? text)
    {
        text = null;
        if (!TryGet(ref bytes, out int length) || length < 0 || length > bytes.Length)
            return false;
        text = Encoding.UTF8.GetString(bytes[..length]);
        bytes = bytes[length..];
        return true;
    }

    readonly record struct Change(byte Type, Guid Id, TopicEntry? Topic);

    sealed record State(
        ImmutableSortedDictionary<string, TopicEntry> ByName,
        ImmutableDictionary<Guid, TopicEntry> ById)
    {
        public static State Empty { get; } = new(
            ImmutableSortedDictionary.Create<string, TopicEntry>(StringComparer.Ordinal),
            ImmutableDictionary<Guid, TopicEntry>.Empty);

        /// <summary>Null when the change contradicts what is there.</summary>
        public State? With(in Change change, HashSet<Guid> deleted)
        {
            var old = ById.GetValueOrDefault(change.Id);
            switch (change.Type)
            {
                case Created when old is null && !ByName.ContainsKey(change.Topic!.Name):
                    return Put(change.Topic);
                case Deleted when old is not null:
                    deleted.Add(change.Id);
                    return new State(ByName.Remove(old.Name), ById.Remove(change.Id));
                case PartitionsSet when old is not null && change.Topic!.Partitions > old.Partitions:
                    return Put(old with { Partitions = change.Topic.Partitions });
                case SettingsSet when old is not null:
                    return Put(old with { Settings = change.Topic!.Settings });
                default:
                    return null;
            }
        }

        public byte[] ToBytes() =>
            [.. Header(), .. ByName.Values.SelectMany(static t => Encode(new Change(Created, t.Id, t)))];

        State Put(TopicEntry topic) => new(ByName.SetItem(topic.Name, topic), ById.SetItem(topic.Id, topic));
    }
}
