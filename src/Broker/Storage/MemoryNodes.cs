namespace Millrace.Broker.Storage;

/// <summary>A file or directory of <see cref="MemoryFileSystem"/>. Guarded by the lock of the file system.</summary>
abstract class MemoryNode
{
    /// <summary>What a boot finds: the durable state plus whatever of the rest happened to reach the medium.</summary>
    public abstract MemoryNode AfterPowerLoss(Random random, bool tracked);

    /// <summary>What the next process finds after this one was killed: everything.</summary>
    public abstract MemoryNode AfterKill(bool tracked);
}

sealed class MemoryFileNode(bool tracked) : MemoryNode
{
    // What a disk writes at once; a torn write tears between sectors.
    const int Sector = 512;
    MemoryContent? _durable = tracked ? new() : null;
    readonly List<Change> _pending = [];

    public MemoryContent Current { get; private init; } = new();

    public void Write(ReadOnlySpan<byte> bytes, long offset)
    {
        if (_durable is not null)
            _pending.Add(new Change(offset, bytes.ToArray()));
        Current.Write(bytes, offset);
    }

    public void SetLength(long length)
    {
        if (_durable is not null)
            _pending.Add(new Change(length, null));
        Current.SetLength(length);
    }

    public void Flush()
    {
        if (_durable is null)
            return;
        foreach (var change in _pending)
            change.ApplyTo(_durable);
        _pending.Clear();
    }

    public override MemoryNode AfterPowerLoss(Random random, bool tracked)
    {
        var found = (_durable ?? Current).Copy();
        foreach (var change in _pending)
        {
            switch (random.Next(4))
            {
                case 0:
                    break;
                case 1 when change.Bytes is { } bytes:
                    for (var at = 0; at < bytes.Length; at += Sector)
                    {
                        if (random.Next(2) == 0)
                            found.Write(bytes.AsSpan(at, Math.Min(Sector, bytes.Length - at)), change.Offset + at);
                    }
                    break;
                default:
                    change.ApplyTo(found);
                    break;
            }
        }
        return new MemoryFileNode(tracked) { Current = found, _durable = tracked ? found.Copy() : null };
    }

    public override MemoryNode AfterKill(bool tracked)
    {
        var copy = new MemoryFileNode(tracked)
        {
            Current = Current.Copy(),
            _durable = tracked ? _durable?.Copy() : null,
        };
        copy._pending.AddRange(_pending);
        return copy;
    }

    // Bytes null: the length is set to Offset.
    readonly record struct Change(long Offset, byte[]? Bytes)
    {
        public void ApplyTo(MemoryContent content)
        {
            if (Bytes is null)
                content.SetLength(Offset);
            else
                content.Write(Bytes, Offset);
        }
    }
}

sealed class MemoryDirectoryNode(bool tracked) : MemoryNode
{
    Dictionary<string, MemoryNode> _durable = new(StringComparer.Ordinal);
    readonly List<Change> _pending = [];

    public Dictionary<string, MemoryNode> Entries { get; } = new(StringComparer.Ordinal);

    public void Put(string name, MemoryNode node) => Do(new Change(null, name, node));

    public void Remove(string name) => Do(new Change(name, null, null));

    public void Move(string from, string to) => Do(new Change(from, to, Entries[from]));

    public void Flush()
    {
        if (tracked)
            _durable = new Dictionary<string, MemoryNode>(Entries, StringComparer.Ordinal);
        _pending.Clear();
    }

    // Changes of one directory reach the medium in their order: a boot finds the durable names plus a prefix of the
    // rest.
    public override MemoryNode AfterPowerLoss(Random random, bool tracked)
    {
        var names = new Dictionary<string, MemoryNode>(_durable, StringComparer.Ordinal);
        var survivors = random.Next(_pending.Count + 1);
        foreach (var change in _pending.Take(survivors))
            change.ApplyTo(names);
        var found = new MemoryDirectoryNode(tracked);
        foreach (var (name, node) in names.OrderBy(static n => n.Key, StringComparer.Ordinal))
            found.Entries[name] = node.AfterPowerLoss(random, tracked);
        found.Flush();
        return found;
    }

    public override MemoryNode AfterKill(bool tracked)
    {
        // One copy per node, however many names and pending changes refer to it.
        var copies = new Dictionary<MemoryNode, MemoryNode>(ReferenceEqualityComparer.Instance);
        MemoryNode Copied(MemoryNode node) =>
            copies.TryGetValue(node, out var copy) ? copy : copies[node] = node.AfterKill(tracked);
        var found = new MemoryDirectoryNode(tracked);
        foreach (var (name, node) in Entries)
            found.Entries[name] = Copied(node);
        foreach (var (name, node) in _durable)
            found._durable[name] = Copied(node);
        foreach (var change in _pending)
            found._pending.Add(change with { Node = change.Node is null ? null : Copied(change.Node) });
        return found;
    }

    void Do(Change change)
    {
        if (tracked)
            _pending.Add(change);
        change.ApplyTo(Entries);
    }

    readonly record struct Change(string? Removed, string? Added, MemoryNode? Node)
    {
        public void ApplyTo(Dictionary<string, MemoryNode> names)
        {
            if (Removed is not null)
                names.Remove(Removed);
            if (Added is not null)
                names[Added] = Node!;
        }
    }
}
