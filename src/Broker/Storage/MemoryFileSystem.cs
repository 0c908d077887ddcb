namespace Millrace.Broker.Storage;

/// <summary>An operation of <see cref="MemoryFileSystem"/>, as a fault hook sees it.</summary>
public enum FileOperation
{
    /// <summary>A positional read.</summary>
    Read,

    /// <summary>A write.</summary>
    Write,

    /// <summary>A flush of a file.</summary>
    Flush,

    /// <summary>A change of a file's length.</summary>
    SetLength,

    /// <summary>Creation of a file or directory.</summary>
    Create,

    /// <summary>A rename.</summary>
    Rename,

    /// <summary>A deletion.</summary>
    Delete,

    /// <summary>A flush of a directory.</summary>
    FlushDirectory,
}

/// <summary>A deterministic file system in memory. With <paramref name="crashable"/> it remembers what was flushed and
/// what was not, so that <see cref="Crash"/> can lose power at any point: unflushed writes are kept, lost or torn,
/// unflushed names are kept or lost.</summary>
/// <param name="crashable">True to remember unflushed changes (costs memory until they are flushed).</param>
public sealed class MemoryFileSystem(bool crashable = false) : IFileSystem
{
    readonly Lock _gate = new();
    readonly HashSet<string> _locks = new(StringComparer.Ordinal);
    readonly List<(FileOperation Operation, string? Path, StorageError Error)> _faults = [];
    MemoryDirectoryNode _root = new(crashable);
    long _capacity = long.MaxValue;
    long _used;
    long _untilPowerLoss = long.MaxValue;
    bool _dead;

    /// <summary>Bytes that all files together may hold; a write beyond it fails half done with
    /// <see cref="StorageError.Full"/>. No limit at first.</summary>
    public long Capacity
    {
        get
        {
            lock (_gate)
                return _capacity;
        }
        set
        {
            lock (_gate)
                _capacity = value;
        }
    }

    /// <summary>Called before every operation, under the lock of the file system: the error it returns is thrown
    /// instead.</summary>
    public Func<FileOperation, string, StorageError?>? Fault { get; set; }

    /// <summary>Operations that changed something or flushed, since the start.</summary>
    public long Changes { get; private set; }

    /// <summary>Lets the next operation of a kind fail, once.</summary>
    /// <param name="operation">Which kind.</param>
    /// <param name="error">With what.</param>
    /// <param name="pathContains">Only for paths that contain this.</param>
    public void FailNext(FileOperation operation, StorageError error, string? pathContains = null)
    {
        lock (_gate)
            _faults.Add((operation, pathContains, error));
    }

    /// <summary>Cuts the power after this many more changing operations: the one after fails half done, and everything
    /// after that. Then call <see cref="Crash"/>.</summary>
    public void LosePowerAfter(long changes)
    {
        lock (_gate)
            _untilPowerLoss = changes;
    }

    /// <summary>Cuts the power and boots. This instance and its open files fail from now on.</summary>
    /// <param name="random">Decides what of the unflushed changes survived.</param>
    /// <returns>The file system as the next boot finds it.</returns>
    public MemoryFileSystem Crash(Random random)
    {
        ArgumentNullException.ThrowIfNull(random);
        if (!crashable)
        {
            throw new InvalidOperationException(
                "This file system does not remember what was flushed; pass crashable: true.");
        }
        return Next(root => root.AfterPowerLoss(random, crashable));
    }

    /// <summary>Kills the process that uses it: open files fail from now on, all that was written is there.</summary>
    /// <returns>The file system as the next process finds it.</returns>
    public MemoryFileSystem Kill() => Next(root => root.AfterKill(crashable));

    /// <inheritdoc/>
    public IFile Open(string path, FileOpening opening)
    {
        lock (_gate)
        {
            var (parent, name) = Parent(path);
            switch (parent.Entries.GetValueOrDefault(name))
            {
                case MemoryDirectoryNode:
                    throw Error(StorageError.AccessDenied, path, "is a directory");
                case MemoryFileNode when opening == FileOpening.New:
                    throw Error(StorageError.AlreadyExists, path, "is there already");
                case MemoryFileNode file:
                    ThrowIfDead(path);
                    return new MemoryFile(this, path, file);
                case null when opening == FileOpening.Existing:
                    ThrowIfDead(path);
                    throw Error(StorageError.NotFound, path, "is missing");
            }
            Step(FileOperation.Create, path);
            var created = new MemoryFileNode(crashable);
            parent.Put(name, created);
            return new MemoryFile(this, path, created);
        }
    }

    /// <inheritdoc/>
    public bool FileExists(string path)
    {
        lock (_gate)
            return Find(path) is MemoryFileNode;
    }

    /// <inheritdoc/>
    public bool DirectoryExists(string path)
    {
        lock (_gate)
            return Find(path) is MemoryDirectoryNode;
    }

    /// <inheritdoc/>
    public void CreateDirectory(string path)
    {
        lock (_gate)
        {
            ThrowIfDead(path);
            var at = _root;
            foreach (var part in Parts(path))
            {
                if (!at.Entries.TryGetValue(part, out var next))
                {
                    Step(FileOperation.Create, path);
                    at.Put(part, next = new MemoryDirectoryNode(crashable));
                }
                at = next as MemoryDirectoryNode ?? throw Error(StorageError.AlreadyExists, path, "is a file");
            }
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<FileSystemEntry> List(string directory)
    {
        lock (_gate)
        {
            ThrowIfDead(directory);
            if (Find(directory) is not MemoryDirectoryNode node)
                throw Error(StorageError.NotFound, directory, "is missing");
            return
            [
                .. node.Entries.OrderBy(static e => e.Key, StringComparer.Ordinal)
                    .Select(static e => new FileSystemEntry(
                    e.Key, e.Value is MemoryDirectoryNode, e.Value is MemoryFileNode file ? file.Current.Length : 0)),
            ];
        }
    }

    /// <inheritdoc/>
    public void Rename(string from, string to)
    {
        lock (_gate)
        {
            var (source, oldName) = Parent(from);
            var (target, newName) = Parent(to);
            if (!source.Entries.TryGetValue(oldName, out var node))
                throw Error(StorageError.NotFound, from, "is missing");
            if (target.Entries.GetValueOrDefault(newName) is { } old && old != node)
            {
                if (old is MemoryDirectoryNode || node is MemoryDirectoryNode)
                    throw Error(StorageError.AlreadyExists, to, "is there already");
                _used -= ((MemoryFileNode)old).Current.Length;
            }
            Step(FileOperation.Rename, from);
            if (source == target)
            {
                source.Move(oldName, newName);
            }
            else
            {
                target.Put(newName, node);
                source.Remove(oldName);
            }
        }
    }

    /// <inheritdoc/>
    public void DeleteFile(string path)
    {
        lock (_gate)
        {
            ThrowIfDead(path);
            if (Find(path) is not MemoryFileNode file)
                return;
            Step(FileOperation.Delete, path);
            _used -= file.Current.Length;
            var (parent, name) = Parent(path);
            parent.Remove(name);
        }
    }

    /// <inheritdoc/>
    public void DeleteDirectory(string path)
    {
        lock (_gate)
        {
            ThrowIfDead(path);
            if (Find(path) is not MemoryDirectoryNode directory)
                return;
            Step(FileOperation.Delete, path);
            _used -= Size(directory);
            var (parent, name) = Parent(path);
            parent.Remove(name);
        }
    }

    /// <inheritdoc/>
    public void FlushDirectory(string path)
    {
        lock (_gate)
        {
            Step(FileOperation.FlushDirectory, path);
            if (Find(path) is not MemoryDirectoryNode node)
                throw Error(StorageError.NotFound, path, "is missing");
            node.Flush();
        }
    }

    /// <inheritdoc/>
    public IDisposable Lock(string path)
    {
        Open(path, FileOpening.Any).Dispose();
        lock (_gate)
        {
            if (!_locks.Add(path))
            {
                throw new StorageException(StorageError.Locked, path,
                    $"'{path}' is locked by another broker. Stop that one, or use another directory.");
            }
        }
        return new Unlock(this, path);
    }

    /// <inheritdoc/>
    public VolumeSpace Space(string path)
    {
        lock (_gate)
            return new VolumeSpace(Math.Max(0, _capacity - _used), _capacity);
    }

    static IEnumerable<string> Parts(string path) =>
        path.Split(['/', '\\'], StringSplitOptions.RemoveEmptyEntries).Where(static p => p != ".");

    static long Size(MemoryNode node) => node switch
    {
        MemoryFileNode file => file.Current.Length,
        MemoryDirectoryNode directory => directory.Entries.Values.Sum(Size),
        _ => 0,
    };

    static StorageException Error(StorageError error, string path, string what) =>
        new(error, path, $"'{path}' {what}.");

    MemoryFileSystem Next(Func<MemoryDirectoryNode, MemoryNode> boot)
    {
        lock (_gate)
        {
            _dead = true;
            var next = new MemoryFileSystem(crashable)
            {
                _root = (MemoryDirectoryNode)boot(_root),
                _capacity = _capacity,
            };
            next._used = Size(next._root);
            return next;
        }
    }

    MemoryNode? Find(string path)
    {
        MemoryNode? at = _root;
        foreach (var part in Parts(path))
            at = (at as MemoryDirectoryNode)?.Entries.GetValueOrDefault(part);
        return at;
    }

    (MemoryDirectoryNode Parent, string Name) Parent(string path)
    {
        var parts = Parts(path).ToArray();
        var at = _root;
        foreach (var part in parts.AsSpan(0, Math.Max(0, parts.Length - 1)))
        {
            at = at.Entries.GetValueOrDefault(part) as MemoryDirectoryNode
                ?? throw Error(StorageError.NotFound, path, "has no parent directory");
        }
        return parts.Length == 0 ? throw Error(StorageError.AccessDenied, path, "is the root") : (at, parts[^1]);
    }

    void ThrowIfDead(string path)
    {
        if (_dead)
            throw Error(StorageError.PowerLost, path, "cannot be reached: the machine has lost its power");
    }

    // Counts, and fails when a fault or the loss of power is due. True when the power goes with this very operation.
    bool Step(FileOperation operation, string path)
    {
        ThrowIfDead(path);
        if (operation != FileOperation.Read)
        {
            Changes++;
            if (_untilPowerLoss-- <= 0)
            {
                _dead = true;
                if (operation == FileOperation.Write)
                    return true;
                ThrowIfDead(path);
            }
        }
        var at = _faults.FindIndex(f => f.Operation == operation
            && (f.Path is null || path.Contains(f.Path, StringComparison.Ordinal)));
        StorageError? error = null;
        if (at >= 0)
        {
            error = _faults[at].Error;
            _faults.RemoveAt(at);
        }
        if ((error ?? Fault?.Invoke(operation, path)) is { } thrown)
            throw Error(thrown, path, $"failed to {operation} on demand ({thrown})");
        return false;
    }

    void Write(MemoryFileNode node, string path, ReadOnlySpan<byte> bytes, long offset)
    {
        var lost = Step(FileOperation.Write, path);
        var growth = Math.Max(0, offset + bytes.Length - node.Current.Length);
        if (growth > _capacity - _used)
        {
            var fitting = (int)Math.Max(0, bytes.Length - (growth - Math.Max(0, _capacity - _used)));
            var before = node.Current.Length;
            node.Write(bytes[..fitting], offset);
            _used += node.Current.Length - before;
            throw Error(StorageError.Full, path, "cannot grow: the disk is full");
        }
        node.Write(bytes, offset);
        _used += growth;
        // The write that was under way is pending: the next boot finds all, some or none of it.
        if (lost)
            ThrowIfDead(path);
    }

    sealed class Unlock(MemoryFileSystem system, string path) : IDisposable
    {
        public void Dispose()
        {
            lock (system._gate)
                system._locks.Remove(path);
        }
    }

    sealed class MemoryFile(MemoryFileSystem system, string path, MemoryFileNode node) : IFile
    {
        bool _closed;

        public long Length
        {
            get
            {
                lock (system._gate)
                {
                    ObjectDisposedException.ThrowIf(_closed, this);
                    system.ThrowIfDead(path);
                    return node.Current.Length;
                }
            }
        }

        public int Read(Span<byte> buffer, long offset)
        {
            lock (system._gate)
            {
                ObjectDisposedException.ThrowIf(_closed, this);
                system.Step(FileOperation.Read, path);
                return node.Current.Read(buffer, offset);
            }
        }

        public void Write(ReadOnlySpan<byte> bytes, long offset)
        {
            lock (system._gate)
            {
                ObjectDisposedException.ThrowIf(_closed, this);
                system.Write(node, path, bytes, offset);
            }
        }

        public void Write(IReadOnlyList<ReadOnlyMemory<byte>> buffers, long offset)
        {
            lock (system._gate)
            {
                ObjectDisposedException.ThrowIf(_closed, this);
                foreach (var buffer in buffers)
                {
                    system.Write(node, path, buffer.Span, offset);
                    offset += buffer.Length;
                }
            }
        }

        public void Flush()
        {
            lock (system._gate)
            {
                ObjectDisposedException.ThrowIf(_closed, this);
                system.Step(FileOperation.Flush, path);
                node.Flush();
            }
        }

        public void SetLength(long length)
        {
            lock (system._gate)
            {
                ObjectDisposedException.ThrowIf(_closed, this);
                system.Step(FileOperation.SetLength, path);
                system._used += length - node.Current.Length;
                node.SetLength(length);
            }
        }

        public void Dispose()
        {
            lock (system._gate)
                _closed = true;
        }
    }
}
