using Millrace.Broker.Storage;
using Millrace.Protocol;

namespace Millrace.Broker.Log;

sealed partial class LogManager
{
    readonly Dictionary<TopicPartition, long> _recoveryPoints;
    readonly Dictionary<TopicPartition, long> _startOffsets;
    readonly bool _wasClean;

    LogManager(LogManagerOptions options, LogContext context, string directory, IDisposable held)
    {
        _options = options;
        _context = context;
        _directory = directory;
        _lock = held;
        var files = context.Files;
        var limits = options.Limits;
        var meta = Identify();
        ClusterId = meta.ClusterId;
        NodeId = meta.NodeId;
        _wasClean = files.FileExists(Path.Combine(directory, LogFiles.CleanShutdown));
        _recoveryPoints = OffsetCheckpoint.Load(files, directory, LogFiles.RecoveryPoints, limits);
        _startOffsets = OffsetCheckpoint.Load(files, directory, LogFiles.LogStartOffsets, limits);
        Topics = TopicCatalog.Open(files, directory, context.IsDurable, limits);
        if (Topics.CutBytes > 0)
            options.Logger.CatalogCut(directory, Topics.CutBytes);
        try
        {
            // Gone before anything is written: from here on a crash is a crash.
            files.DeleteFile(Path.Combine(directory, LogFiles.CleanShutdown));
            if (_wasClean)
                files.FlushDirectory(directory);
            SetStraysAside();
            foreach (var topic in Topics.All.Values)
                OpenFound(topic);
            // The names of directories that had to be made again.
            if (context.IsDurable)
                files.FlushDirectory(directory);
        }
        catch
        {
            foreach (var log in _logs.Values)
                log.Close(clean: false);
            Topics.Dispose();
            throw;
        }
    }

    /// <summary>Opens a data directory, recovering every log if the last stop was not clean.</summary>
    /// <exception cref="StorageException">The directory is locked, cannot be written, or is not one of
    /// ours.</exception>
    public static LogManager Open(LogManagerOptions options)
    {
        var isMemory = options.Flush.Mode == FlushMode.Memory;
        var files = isMemory ? new MemoryFileSystem() : options.Files;
        var directory = isMemory ? "/memory" : options.Directory;
        CreateDirectory(files, directory);
        var held = files.Lock(Path.Combine(directory, LogFiles.LockFile));
        try
        {
            var context = new LogContext(files, options.Pool, options.Limits, options.Flush,
                new Committer(options.Time),
                options.Logger);
            return new LogManager(options, context, directory, held);
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    // The directory's own name must survive a loss of power too, and that of every parent made with it.
    static void CreateDirectory(IFileSystem files, string directory)
    {
        var made = new List<string>();
        for (var at = Path.GetFullPath(directory); at is not null
            && !files.DirectoryExists(at); at = Path.GetDirectoryName(at))
            made.Add(at);
        files.CreateDirectory(directory);
        foreach (var path in made)
        {
            if (Path.GetDirectoryName(path) is { } parent)
                files.FlushDirectory(parent);
        }
    }

    // Reads meta.properties, or makes it in a directory that is empty.
    MetaProperties Identify()
    {
        var files = _context.Files;
        if (MetaProperties.Load(files, _directory, _options.Limits) is { } found)
        {
            if (_options.ClusterId is { } wanted && wanted != found.ClusterId)
            {
                throw new StorageException(StorageError.Damaged, _directory, $"'{_directory}' belongs to cluster "
                    + $"'{found.ClusterId}', not '{wanted}'. Use another directory or that cluster id.");
            }
            if (!files.FileExists(Path.Combine(_directory, LogFiles.TopicCatalog))
                && files.List(_directory)
                    .Any(static e => e.IsDirectory && TopicNames.TryParseDirectory(e.Name, out _, out _)))
            {
                throw new StorageException(StorageError.Damaged, _directory, $"'{_directory}' holds partitions but no "
                    + $"{LogFiles.TopicCatalog}: it is a data directory of another program. Use another directory.");
            }
            return found with { NodeId = _options.NodeId };
        }
        foreach (var (name, _, _) in files.List(_directory))
        {
            if (name is LogFiles.LockFile or "lost+found" || name.EndsWith(".tmp", StringComparison.Ordinal))
                continue;
            throw new StorageException(StorageError.Damaged, _directory, $"'{_directory}' is not empty and has no "
                + $"{LogFiles.MetaProperties} (found '{name}'): it is not a data directory. Use an empty one.");
        }
        var random = _options.Random;
        var meta = new MetaProperties(_options.ClusterId ?? LogFiles.IdText(LogFiles.NewId(random)), _options.NodeId,
            LogFiles.IdText(LogFiles.NewId(random)));
        meta.Save(files, _directory);
        return meta;
    }

    // Directories that no topic claims: remains of deleted topics go, others are kept under another name.
    void SetStraysAside()
    {
        foreach (var (name, isDirectory, _) in _context.Files.List(_directory))
        {
            if (!isDirectory)
                continue;
            var path = Path.Combine(_directory, name);
            if (name.EndsWith(LogFiles.DeletedDirectorySuffix, StringComparison.Ordinal))
            {
                _context.Files.DeleteDirectory(path);
                continue;
            }
            if (!TopicNames.TryParseDirectory(name, out var topic, out var partition))
                continue;
            if (!TryLoadId(path, out var id))
                continue;
            // Without its metadata file a directory never held anything acknowledged: it is written first.
            var isOurs = Topics.Find(topic) is { } entry && partition < entry.Partitions
                && (id is null || id == entry.Id);
            if (isOurs)
                continue;
            if (id is { } known && Topics.DeletedIds.Contains(known))
            {
                _context.Files.DeleteDirectory(path);
                continue;
            }
            var owner = id is { } stray ? stray.ToString("N") : "unknown";
            var renamed = $"{path}.{owner}{LogFiles.StrayDirectorySuffix}";
            if (_context.Files.DirectoryExists(renamed))
                _context.Files.DeleteDirectory(renamed);
            _context.Files.Rename(path, renamed);
            LogMessages.StrayDirectory(_options.Logger, path, renamed);
        }
    }

    // False when the file cannot be read: opening the log will say so.
    bool TryLoadId(string path, out Guid? id)
    {
        id = null;
        try
        {
            id = PartitionMetadata.Load(_context.Files, path, _options.Limits);
            return true;
        }
        catch (StorageException e) when (e.Error != StorageError.PowerLost)
        {
            LogMessages.DirectoryMaintenanceFailed(_options.Logger, e, path);
            return false;
        }
    }

    void OpenFound(TopicEntry topic)
    {
        for (var i = 0; i < topic.Partitions; i++)
        {
            var partition = new TopicPartition(topic.Name, i);
            try
            {
                OpenLog(topic, partition);
            }
            catch (StorageException e) when (e.Error != StorageError.PowerLost)
            {
                // One bad partition is no reason to keep the others from working.
                LogMessages.OpenFailed(_options.Logger, e, topic.Name, i);
            }
        }
    }

    void OpenMissing(TopicEntry topic, int from)
    {
        for (var i = from; i < topic.Partitions; i++)
            OpenLog(topic, new TopicPartition(topic.Name, i));
        // One flush for the names of them all, before anything can be acknowledged there.
        if (_context.IsDurable)
            _context.Files.FlushDirectory(_directory);
    }

    void OpenLog(TopicEntry topic, TopicPartition partition)
    {
        var files = _context.Files;
        var directory = DirectoryOf(partition);
        var isNew = !files.DirectoryExists(directory);
        if (isNew)
            files.CreateDirectory(directory);
        if (PartitionMetadata.Load(files, directory, _options.Limits) != topic.Id)
            PartitionMetadata.Save(files, directory, topic.Id, _context.IsDurable);
        var hints = new LoadHints(_wasClean || isNew, _recoveryPoints.GetValueOrDefault(partition),
            _startOffsets.GetValueOrDefault(partition), NowMs);
        if (isNew)
            hints = hints with { RecoveryPoint = 0, StartOffset = 0 };
        _logs[partition] = LogLoader.Open(_context, partition, topic.Id, directory, ConfigOf(topic), hints);
    }
}
